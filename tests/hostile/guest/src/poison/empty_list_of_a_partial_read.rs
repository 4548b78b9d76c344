//! Gives no records and says that rows are missing: nobody may lose anything for it.

use headcount_connector::{Page, Progress, Records};

use crate::attack::{Attack, HONEST, report};

pub const ATTACK: Attack = Attack {
    read: |_| {
        let progress = Progress::Partial(report("the vendor broke off"));
        Ok(Page { records: Records::default(), skipped: None, rows: 0, total: None, progress })
    },
    ..HONEST
};
