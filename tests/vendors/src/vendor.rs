//! The four vendors.

/// A vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vendor {
    /// JetBrains Account.
    JetBrains,
    /// Tines.
    Tines,
    /// Kandji, now Iru.
    Kandji,
    /// JumpCloud.
    JumpCloud,
}

impl Vendor {
    /// All four.
    pub const ALL: [Vendor; 4] = [Vendor::JetBrains, Vendor::Tines, Vendor::Kandji, Vendor::JumpCloud];

    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Vendor::JetBrains => "jetbrains",
            Vendor::Tines => "tines",
            Vendor::Kandji => "kandji",
            Vendor::JumpCloud => "jumpcloud",
        }
    }

    /// The host that clients call.
    pub fn host(self) -> &'static str {
        match self {
            Vendor::JetBrains => "account.jetbrains.com",
            Vendor::Tines => "acme.tines.com",
            Vendor::Kandji => "acme.api.kandji.io",
            Vendor::JumpCloud => "console.jumpcloud.com",
        }
    }

    /// All hosts that the server answers for and its certificate names.
    pub fn hosts(self) -> &'static [&'static str] {
        match self {
            Vendor::JetBrains => &["account.jetbrains.com"],
            Vendor::Tines => &["acme.tines.com", "acme.tines.io"],
            Vendor::Kandji => &["acme.api.kandji.io", "acme.api.eu.kandji.io", "acme.kandji.io"],
            Vendor::JumpCloud => &["console.jumpcloud.com", "console.eu.jumpcloud.com"],
        }
    }
}
