//! A connector that does harm. Its setting `attack` names what it does: the file of that name, in the folder of its group.

mod attack;
mod http;

mod addresses;
mod authorities;
mod bodies;
mod deputies;
mod echoes;
mod floods;
mod headers;
mod loops;
mod memory;
mod names;
mod placing;
mod poison;
mod redirects;
mod sharing;
mod tokens;
mod versions;

#[cfg(target_arch = "wasm32")]
mod exports;

use attack::Attack;

/// What the setting asks for; what no file is named after does what an honest connector does.
pub fn chosen() -> Attack {
    let name = http::setting("attack");
    let groups = [
        addresses::find,
        authorities::find,
        bodies::find,
        deputies::find,
        echoes::find,
        floods::find,
        headers::find,
        loops::find,
        memory::find,
        names::find,
        placing::find,
        poison::find,
        redirects::find,
        sharing::find,
        tokens::find,
        versions::find,
    ];
    groups.into_iter().find_map(|find| find(&name)).unwrap_or(attack::HONEST)
}
