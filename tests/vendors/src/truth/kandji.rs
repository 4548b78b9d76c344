//! Kandji: users with the integration they came from, and devices.

use super::{Asset, Expected, Grant, Group, User, text};
use crate::books::Kandji;

/// What a perfect read of users and devices keeps.
///
/// Users are known by their id, for addresses repeat and are missing. A group is an integration, by its UUID; only those with users are
/// seen. A device's check-in is when the device was used, and says nothing sure of its user: users have no `last_seen_at`.
pub fn kandji(books: &Kandji) -> Expected {
    let mut expected = Expected::default();
    let mut integrations = std::collections::BTreeSet::new();
    for key in books.devices() {
        let device = books.device(*key);
        let checked = device.check_in.map(|moment| moment.0);
        if let Some(user) = device.user {
            expected.grants.push(Grant::of_user(&books.user(user).id, "asset", &device.id));
        }
        expected.assets.push(Asset { id: device.id, name: device.name, category: "device", last_used_at: checked });
    }
    for key in books.users() {
        let user = books.user(*key);
        integrations.insert(user.integration);
        expected.grants.push(Grant::of_user(&user.id, "group", &books.integration(user.integration).0));
        expected.users.push(User {
            status: if user.active && !user.archived { "active" } else { "inactive" },
            user_name: text(user.email.clone()).or_else(|| Some(user.id.clone())),
            email: text(user.email),
            display_name: text(user.name),
            external_id: Some(user.number.to_string()),
            title: user.title,
            department: user.department,
            created_at: user.created.moment().map(|moment| moment.0),
            updated_at: user.updated.moment().map(|moment| moment.0),
            id: user.id,
            ..User::default()
        });
    }
    expected.groups = integrations
        .into_iter()
        .map(|index| books.integration(index))
        .map(|(id, _, name, _)| Group { id, name: name.to_owned(), category: "integration", description: None, email: None })
        .collect();
    expected.sorted()
}
