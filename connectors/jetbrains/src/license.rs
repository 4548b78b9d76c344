//! One license as JetBrains sends it, and the records that it becomes.

use headcount_connector::prelude::*;

/// A license: its holder and its team are read strictly, so that nobody is lost unnoticed; the rest as far as it can be read.
#[derive(Deserialize)]
pub struct Row {
    #[serde(rename = "licenseId")]
    id: String,
    assignee: Option<Assignee>,
    team: Option<Team>,
    #[serde(flatten)]
    rest: Value,
}

/// Who or what holds a license. Absent or null: nobody.
#[derive(Deserialize)]
struct Assignee {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
struct Team {
    id: i64,
    name: Option<String>,
}

impl Row {
    /// Whether a person holds it.
    pub fn is_held_by_person(&self) -> bool {
        self.assignee.as_ref().is_some_and(Assignee::is_person)
    }

    /// Whether a license server, a vault or a key holds it.
    pub fn is_held_by_machine(&self) -> bool {
        self.assignee.is_some() && !self.is_held_by_person()
    }

    /// The user who holds it, if a person with an address does.
    pub fn holder(&self) -> Option<String> {
        self.assignee.as_ref().filter(|assignee| assignee.is_person()).and_then(|assignee| user_id(assignee.email.as_deref()?))
    }
}

impl Assignee {
    fn is_person(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == "USER")
    }
}

/// The id of the user with this address. The same address comes in several spellings.
pub fn user_id(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    (!email.is_empty()).then_some(email)
}

/// The license, who holds it, and the team that owns it.
pub fn add(row: Row, raw: Raw<'_>, out: &mut Out) {
    let text = |at: &str| row.rest.pointer(at).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let flag = |at: &str| row.rest.pointer(at).and_then(Value::as_bool);
    let license = Reference::license(&row.id);
    let (assigned_at, last_used_at) = (text("/lastSeen/lastAssignmentDate"), text("/lastSeen/lastSeenDate"));
    let suspended = flag("/isSuspended") == Some(true);
    let holder = row.holder();
    if let Some(id) = &holder {
        out.user(User {
            id: id.clone(),
            // Of several licenses, the most able status wins.
            status: Some(if suspended { UserStatus::Suspended } else { UserStatus::Active }),
            user_name: Some(id.clone()),
            email: Some(id.clone()),
            // As long as anything is known of them. Of several licenses, the earliest counts.
            created_at: assigned_at.clone(),
            display_name: row.assignee.as_ref().and_then(|assignee| assignee.name.clone()),
            last_seen_at: last_used_at.clone(),
            ..Default::default()
        });
        let held = Grant::new(Reference::user(id), license.clone());
        out.grant(Grant { assigned_at: assigned_at.clone(), last_used_at: last_used_at.clone(), ..held });
    } else if row.is_held_by_person() {
        out.skip_harmless(format!("License {} is held by somebody without an e-mail address, who becomes no user.", row.id));
    }
    if let Some(team) = &row.team {
        let name = team.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| team.id.to_string());
        out.group(Group { id: team.id.to_string(), name, category: Some("team".into()), ..Default::default() });
        if let Some(id) = &holder {
            out.grant(Grant::new(Reference::user(id), Reference::group(team.id)));
        }
    }
    let Some(product_id) = text("/product/code") else {
        return out.skip(license, format!("License {} is of no product.", row.id));
    };
    // With a subscription, its own date counts, whatever older version may still be used for ever.
    let part = if row.rest.get("subscription").is_some_and(Value::is_object) { "subscription" } else { "perpetual" };
    let state = match (suspended, flag(&format!("/{part}/isOutdated"))) {
        (true, _) => LicenseState::Suspended,
        (_, Some(true)) => LicenseState::Expired,
        _ => LicenseState::Active,
    };
    // An activation key is as good as the license itself.
    let keyed = row.assignee.as_ref().is_some_and(|assignee| assignee.kind.as_deref() == Some("LICENSE_KEY"));
    out.license(License {
        product_name: text("/product/name").unwrap_or_else(|| product_id.clone()),
        product_id,
        state: Some(state),
        trial: flag("/isTrial"),
        assignable: flag("/isAvailableToAssign"),
        transferable: flag("/isTransferableBetweenTeams"),
        auto_renews: flag("/subscription/isAutomaticallyRenewed"),
        subscription: text("/subscription/subscriptionPackRef"),
        group_id: row.team.as_ref().map(|team| team.id.to_string()),
        valid_until: text("/subscription/validUntilDate"),
        assigned_at,
        last_used_at,
        attributes: if keyed { raw.without(&["key", "legacyKey"]) } else { raw.attributes() },
        quantity: None,
        id: row.id,
    });
}
