//! The fields that administrators usually want, what vendors call them, and what is usually in them.

use serde_json::Value;

use super::names;

/// The score from which a proposal is sure.
pub(super) const HIGH: u32 = 4;

/// What values look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Text,
    Address,
    Time,
    Phone,
    Number,
    Flag,
    Other,
}

/// A field that is usually wanted.
pub(super) struct Wanted {
    pub field: &'static str,
    names: &'static [&'static str],
    content: &'static [Content],
    pub person: bool,
}

const fn wanted(field: &'static str, names: &'static [&'static str], content: &'static [Content], person: bool) -> Wanted {
    Wanted { field, names, content, person }
}

const TEXT: &[Content] = &[Content::Text];
const ANY: &[Content] = &[Content::Text, Content::Number];
const TIME: &[Content] = &[Content::Time];

pub(super) const TARGETS: &[Wanted] = &[
    wanted("display-name", &["displayname", "name", "fullname"], TEXT, false),
    wanted("given-name", &["givenname", "firstname", "first"], TEXT, false),
    wanted("family-name", &["familyname", "lastname", "surname", "last"], TEXT, false),
    wanted("email", &["email", "mail", "emailaddress", "primaryemail"], &[Content::Address], false),
    wanted(
        "alternate-email",
        &["alternateemail", "secondaryemail", "recoveryemail", "personalemail"],
        &[Content::Address],
        false,
    ),
    wanted("title", &["title", "jobtitle", "position", "jobfunction"], TEXT, true),
    wanted("department", &["department", "dept", "departmentname", "orgunit"], TEXT, true),
    wanted("division", &["division", "businessunit"], TEXT, true),
    wanted("cost-center", &["costcenter", "costcentre", "costcentercode"], ANY, true),
    wanted("company", &["company", "companyname", "organisationname", "organizationname"], TEXT, true),
    wanted("employee-number", &["employeenumber", "employeeid", "employeeidentifier", "personnelnumber", "staffid"], ANY, true),
    wanted("employee-type", &["employeetype", "employmenttype", "workertype", "contracttype"], TEXT, true),
    wanted("manager", &["manager", "managerid", "managername", "supervisor"], ANY, true),
    wanted("manager-email", &["manageremail", "supervisoremail"], &[Content::Address], true),
    wanted("start-date", &["startdate", "hiredate", "hiredon", "joined", "joinedat"], TIME, true),
    wanted("end-date", &["enddate", "terminationdate", "leavedate", "contractend"], TIME, true),
    wanted("location", &["location", "office", "officelocation", "site", "building"], TEXT, true),
    wanted("city", &["city", "locality", "town"], TEXT, true),
    wanted("country", &["country", "countrycode", "countryname"], TEXT, true),
    wanted(
        "phone",
        &["phone", "phonenumber", "mobile", "mobilephone", "telephone", "phones"],
        &[Content::Phone, Content::Number],
        true,
    ),
    wanted("time-zone", &["timezone", "tz"], TEXT, true),
    wanted("language", &["language", "locale", "preferredlanguage"], TEXT, true),
    wanted(
        "last-activity",
        &["lastseenat", "lastseen", "lastlogin", "lastloginat", "lastsignin", "lastactive", "lastactivity"],
        TIME,
        false,
    ),
    wanted("created-at", &["createdat", "created", "creationdate", "datecreated"], TIME, false),
    wanted("saas-role", &["role", "saasrole", "userrole", "rolename", "accountrole"], TEXT, false),
    wanted("status", &["status", "state", "accountstatus"], TEXT, false),
    wanted("administrator", &["administrator", "admin", "isadmin", "issuperuser"], &[Content::Flag], false),
    wanted("mfa", &["mfa", "mfaenabled", "twofactorenabled", "totpenabled", "twofa"], &[Content::Flag], false),
    wanted("account-type", &["accounttype", "usertype"], TEXT, false),
    wanted("external-id", &["externalid", "scimuid", "objectguid"], ANY, false),
    wanted("invited-by", &["invitedby", "invitedbyemail"], ANY, false),
];

/// Those of a person that what the person holds may tell: a license's cost centre, where a device stands.
const TOLD: [&str; 9] =
    ["department", "division", "cost-center", "company", "employee-number", "manager-email", "location", "city", "country"];

impl Wanted {
    /// Whether something that the account holds can have it: its name and its status are of its own.
    pub(super) fn is_told_by_what_is_held(&self) -> bool {
        TOLD.contains(&self.field)
    }

    /// How well a vendor's field fits; none if it doesn't.
    pub(super) fn score(&self, path: &[String], examples: &[Value]) -> Option<u32> {
        let content = Content::of(examples);
        let fits = self.content.contains(&content) || (content == Content::Text && self.content == ANY);
        let [last, two] = <[String; 2]>::try_from(names(path)).ok()?;
        let whole = self.names.contains(&two.as_str());
        let exact = whole || self.names.contains(&last.as_str());
        // A plain name deep inside is something else's: `manager.email` is no e-mail address of the account.
        let nested = path.len() > 2 && !whole;
        let normalized = path.len() == 1;
        match (exact, fits) {
            (true, true) if nested => None,
            (true, true) => Some(HIGH + u32::from(whole) + 2 * u32::from(normalized)),
            (true, false) if nested || content == Content::Other => None,
            // Half of it is right: a date that is written out, a number for a department.
            (true, false) if !matches!(content, Content::Flag | Content::Address) => Some(2),
            (false, true) => {
                let part = self.names.iter().any(|name| name.len() >= 6 && last.contains(name));
                (part && !nested).then_some(2)
            }
            _ => None,
        }
    }

    /// Why it fits, for a person.
    pub(super) fn why(&self, path: &[String], examples: &[Value]) -> String {
        let name = path.last().map(String::as_str).unwrap_or_default();
        format!("called {name}, {}", Content::of(examples).words())
    }
}

impl Content {
    /// What most of the values look like.
    pub(super) fn of(examples: &[Value]) -> Content {
        let kinds = examples.iter().map(Content::of_one);
        let mut counted: Vec<(Content, usize)> = Vec::new();
        for kind in kinds {
            match counted.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, count)) => *count += 1,
                None => counted.push((kind, 1)),
            }
        }
        let most = counted.into_iter().max_by_key(|(_, count)| *count);
        most.filter(|(_, count)| count * 5 >= examples.len() * 4).map_or(Content::Text, |(kind, _)| kind)
    }

    fn of_one(value: &Value) -> Content {
        match value {
            Value::Bool(_) => Content::Flag,
            Value::Number(_) => Content::Number,
            Value::String(text) => Content::of_text(text.trim()),
            Value::Array(items) => items.first().map_or(Content::Other, Content::of_one),
            Value::Null | Value::Object(_) => Content::Other,
        }
    }

    fn of_text(text: &str) -> Content {
        let address = text.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && host.contains('.') && !text.contains(char::is_whitespace) && !host.contains('@')
        });
        if address {
            return Content::Address;
        }
        let dated = text.as_bytes().get(..10).is_some_and(|date| {
            date.iter().enumerate().all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
        });
        if dated {
            return Content::Time;
        }
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let dialled = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-() /.".contains(&byte));
        match (digits, dialled) {
            (7..=15, true) => Content::Phone,
            (1.., _) if digits == text.len() => Content::Number,
            _ if matches!(text, "true" | "false" | "yes" | "no") => Content::Flag,
            _ => Content::Text,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Content::Text => "holds text",
            Content::Address => "holds e-mail addresses",
            Content::Time => "holds dates",
            Content::Phone => "holds telephone numbers",
            Content::Number => "holds numbers",
            Content::Flag => "holds yes or no",
            Content::Other => "holds other things",
        }
    }
}

/// A name without what tells its words apart.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>().replace("attributes", "")
}
