//! The attack corpus: every attack is contained, named in an error, unnoticed by an honest tenant, and leaks nothing.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that can't go on says so by panicking")]

mod addresses;
mod authorities;
mod bodies;
mod compilation;
mod controls;
mod deputies;
mod echoes;
mod floods;
mod headers;
mod http2;
mod loops;
mod manifests;
mod memory;
mod names;
mod placing;
mod poison;
mod redirects;
mod sharing;
mod supply;
mod tokens;
mod versions;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use headcount_tests::hostile::{Attack, SECRET, Spellings, Start, TOKEN, Witness, World, named};
use tokio::runtime::Runtime;

/// No attack may take longer than this, with whatever else the machine does.
const LONGEST: Duration = Duration::from_secs(60);

/// What all tests share: servers and hosts live as long as the process.
struct Stage {
    runtime: Runtime,
    world: World,
    spellings: Arc<Spellings>,
    witness: Witness,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let spellings = Arc::new(Spellings::new(&[SECRET, TOKEN]).expect("the secrets can be looked for"));
    let witness = Witness::install(Arc::clone(&spellings)).expect("the log can be watched");
    let runtime = Runtime::new().expect("a runtime");
    let world = runtime.block_on(World::start()).expect("the world starts");
    Stage { runtime, world, spellings, witness }
});

/// Runs an attack beside an honest tenant, and holds it to how it must end.
fn contained(name: &str) {
    hold(named(name).unwrap_or_else(|| panic!("the laboratory knows no attack {name}")));
}

fn hold(attack: &Attack) {
    let (stage, name) = (&*STAGE, attack.name);
    stage.runtime.block_on(async {
        let attacking = tokio::time::timeout(LONGEST, stage.world.launch(attack));
        let (seen, beside) = tokio::join!(attacking, stage.world.honest_page());
        let seen = seen.expect("the attack ends in time").unwrap_or_else(|error| panic!("{name} can't be started: {error:#}"));
        if let Err(problem) = seen.judge(attack) {
            panic!("{problem}");
        }
        (attack.afterwards)(&stage.world).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        beside.unwrap_or_else(|error| panic!("{name}: the honest tenant noticed: {error:#}"));
        let after = stage.world.honest_page().await;
        after.unwrap_or_else(|error| panic!("{name}: the honest tenant noticed afterwards: {error:#}"));
        assert_eq!(stage.spellings.find(seen.output.as_bytes()), None, "{name}: a secret came out");
    });
    if matches!(attack.start, Start::Sync) {
        let store = stage.world.store().unwrap_or_else(|error| panic!("{name}: {error:#}"));
        assert_eq!(stage.spellings.find(&store), None, "{name}: a secret is in the store");
    }
    assert_eq!(stage.witness.leak(), None, "{name}: a secret is in the log");
    assert_eq!(stage.world.inside.visits(), 0, "{name}: somebody was inside");
}

/// Makes a test of each attack.
macro_rules! attacks {
    ($($name:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            crate::contained(stringify!($name));
        })+
    };
}
pub(crate) use attacks;
