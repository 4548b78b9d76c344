//! A connector that does harm. Its setting `attack` names what it does: the file of that name, in the folder of its group.

mod attack;
mod http;

mod addresses;
mod echoes;
mod floods;
mod loops;
mod memory;
mod names;
mod poison;

#[cfg(target_arch = "wasm32")]
mod exports;

use attack::Attack;

/// What the setting asks for; what no file is named after does what an honest connector does.
pub fn chosen() -> Attack {
    let name = http::setting("attack");
    let groups = [addresses::find, echoes::find, floods::find, loops::find, memory::find, names::find, poison::find];
    groups.into_iter().find_map(|find| find(&name)).unwrap_or(attack::HONEST)
}
