//! One license as JetBrains sends it, and the records that it becomes.

use headcount_connector::prelude::*;

/// What must be right about a license: who holds it, whose it is and whether it is good, so that nobody and nothing is lost unnoticed;
/// the rest is taken as far as it can be read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    license_id: String,
    assignee: Option<Assignee>,
    team: Option<Team>,
    is_suspended: Option<bool>,
    subscription: Option<Term>,
    perpetual: Option<Term>,
}

/// A person (`USER`), license server, vault or key. Absent or null: nobody holds it.
#[derive(Deserialize)]
struct Assignee {
    #[serde(rename = "type")]
    kind: Option<String>,
    email: Option<String>,
}

/// Absent or null: no team owns it.
#[derive(Deserialize)]
struct Team {
    id: Id,
}

/// A subscription, or the older version that may be used for ever.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    is_outdated: Option<bool>,
}

impl Row {
    /// The user who holds it, if a person with an address does.
    pub fn holder(&self) -> Option<String> {
        let assignee = self.assignee.as_ref()?;
        let is_person = assignee.kind.as_deref().is_none_or(|kind| kind == "USER");
        assignee.email.as_deref().filter(|_| is_person).and_then(user_id)
    }

    /// Why it can't be told who holds it. Whoever did may still.
    fn doubt(&self) -> Option<&'static str> {
        let assignee = self.assignee.as_ref().filter(|_| self.holder().is_none())?;
        match assignee.kind.as_deref() {
            Some("SERVER" | "LICENSE_KEY") => None,
            None | Some("USER") => Some("A license is held by somebody without an e-mail address, who becomes no user."),
            Some(_) => Some("It is not known what holds a license: neither a person nor a server nor a key."),
        }
    }
}

/// The id of the user with this address. The same address comes in several spellings.
pub fn user_id(email: &str) -> Option<String> {
    Some(email.trim().to_lowercase()).filter(|email| !email.is_empty())
}

/// The license, who holds it, and the team that owns it.
pub fn add(row: Row, raw: Raw<'_>, out: &mut Out) {
    let fields = raw.fields();
    let license = Reference::license(&row.license_id);
    let (assigned_at, last_used_at) = (fields.text("/lastSeen/lastAssignmentDate"), fields.text("/lastSeen/lastSeenDate"));
    let suspended = row.is_suspended == Some(true);
    let holder = row.holder();
    if let Some(id) = &holder {
        out.user(User {
            // Of several licenses, the most able status, the earliest assignment and the latest use count.
            status: Some(if suspended { UserStatus::Suspended } else { UserStatus::Active }),
            user_name: Some(id.clone()),
            email: Some(id.clone()),
            created_at: assigned_at.clone(),
            display_name: fields.text("/assignee/name"),
            last_seen_at: last_used_at.clone(),
            ..User::of(id)
        });
        let held = Grant::new(Reference::user(id), license.clone());
        out.grant(Grant { assigned_at: assigned_at.clone(), last_used_at: last_used_at.clone(), ..held });
    } else if let Some(doubt) = row.doubt() {
        // The license is a record all the same; as one that was skipped, it keeps who held it.
        out.skip(license.clone(), doubt);
    }
    let group_id = row.team.map(|team| team.id.to_string());
    if let Some(id) = &group_id {
        let name = fields.text("/team/name").unwrap_or_else(|| id.clone());
        out.group(Group { name, category: Some("team".into()), ..Group::of(id) });
        holder.iter().for_each(|holder| out.grant(Grant::new(Reference::user(holder), Reference::group(id))));
    }
    let Some(product_id) = fields.text("/product/code") else {
        return out.skip(license, format!("License {} is of no product.", row.license_id));
    };
    // With a subscription, its own date counts, whatever older version may still be used for ever.
    let term = row.subscription.or(row.perpetual);
    let state = match (suspended, term.and_then(|term| term.is_outdated)) {
        (true, _) => LicenseState::Suspended,
        (_, Some(true)) => LicenseState::Expired,
        _ => LicenseState::Active,
    };
    // An activation key is as good as the license itself.
    let keyed = fields.text("/assignee/type").as_deref() == Some("LICENSE_KEY");
    out.license(License {
        product_name: fields.text("/product/name").unwrap_or_else(|| product_id.clone()),
        product_id,
        state: Some(state),
        trial: fields.flag("/isTrial"),
        assignable: fields.flag("/isAvailableToAssign"),
        transferable: fields.flag("/isTransferableBetweenTeams"),
        auto_renews: fields.flag("/subscription/isAutomaticallyRenewed"),
        subscription: fields.text("/subscription/subscriptionPackRef"),
        group_id,
        valid_until: fields.text("/subscription/validUntilDate"),
        assigned_at,
        last_used_at,
        attributes: if keyed { raw.without(&["key", "legacyKey"]) } else { raw.attributes() },
        ..License::of(row.license_id)
    });
}
