//! What the vendors' documents leave open, or contradict: each is a switch, so that a client can be tried against both.

/// What JetBrains lists when `assigned` is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// All licenses, as clients have seen.
    All,
    /// Free ones only, as the generated documents say.
    FreeOnly,
}

/// The switches of all vendors. They can be thrown while the servers run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    /// JetBrains: the default of `assigned`.
    pub jetbrains_assigned: Assigned,
    /// JetBrains: a row moves from the end of each page to the start of the next, as when a license is bought while paging.
    pub jetbrains_rows_shift: bool,
    /// JetBrains: sends `X-Total-Count` and `Link`.
    pub jetbrains_total: bool,
    /// Tines: honours `include=team_memberships`.
    pub tines_memberships: bool,
    /// Tines: sends `next_page_number`, which older answers lack.
    pub tines_next_page_number: bool,
    /// Tines: `pages` and `count` contradict `next_page`, as in some of its samples.
    pub tines_odd_meta: bool,
    /// Kandji: the token may not read devices.
    pub kandji_devices_forbidden: bool,
    /// Kandji: sends `x-total-count` with devices, as in 2022.
    pub kandji_device_total: bool,
    /// Kandji: a deletion answers 200 with a text instead of 204.
    pub kandji_delete_with_text: bool,
    /// JumpCloud: takes several `targets` in one call; 400 otherwise.
    pub jumpcloud_combined_targets: bool,
    /// JumpCloud: without `sort`, rows stand in another order at each request.
    pub jumpcloud_unsorted_shifts: bool,
    /// JumpCloud: sends `x-total-count` with v2 lists.
    pub jumpcloud_total: bool,
    /// JumpCloud: the key belongs to several organisations, so that `x-org-id` is required.
    pub jumpcloud_multi_tenant: bool,
    /// JumpCloud: a wrong key gives an empty 401 on v1; a JSON error otherwise.
    pub jumpcloud_empty_unauthorized: bool,
    /// The documented rate limits are enforced. Off, only their headers are sent.
    pub rate_limits: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Switches {
            jetbrains_assigned: Assigned::All,
            jetbrains_rows_shift: false,
            jetbrains_total: true,
            tines_memberships: true,
            tines_next_page_number: true,
            tines_odd_meta: true,
            kandji_devices_forbidden: false,
            kandji_device_total: true,
            kandji_delete_with_text: false,
            jumpcloud_combined_targets: true,
            jumpcloud_unsorted_shifts: true,
            jumpcloud_total: true,
            jumpcloud_multi_tenant: false,
            jumpcloud_empty_unauthorized: true,
            rate_limits: false,
        }
    }
}
