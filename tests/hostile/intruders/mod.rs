//! What somebody does from outside of a connector: who ships it, who writes to the host's disk, who fills in its settings.

mod swapped_component;

pub(super) use swapped_component::swapped_component;
