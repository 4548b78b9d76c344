//! Asks the vendor's host for what is not below the path that the manifest names, in every spelling.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach};

pub const ATTACK: Attack = Attack {
    check: || {
        let paths = [
            "/",
            "/admin",
            "/v2/users",
            "/v11",
            "/V1/users",
            "/v1/../admin",
            "/v1/./users",
            "/v1/%2e%2e/admin",
            "/v1/.%2E/admin",
            "//v1/users",
            "/v1//users",
            "/v1/..;/admin",
            "/v1/%2fadmin",
            "/v1/%5cadmin",
            "/v1\\admin",
            "/v1/..\\admin",
            "/%761/users",
            "/v1/%00",
            "/v1/%0d%0aadmin",
            "/v1%2fusers",
        ];
        Err(reach(paths.map(|path| Ask::get("api.mallory.example", path))))
    },
    ..HONEST
};
