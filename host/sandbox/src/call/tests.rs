//! Calls: what hostile connectors get, and what honest ones keep.

mod answers;
mod room;

use std::time::Duration;

use headcount_model::{FailureCode, Progress};

use super::*;
use crate::budget::Excess;
use crate::engine::RuntimeOptions;
use crate::fair::Crowded;
use crate::guests::{FAILURE, Guest, PAGE, PROGRESS, ROWS, open, options, run};

const SPIN: &str = "(loop $again (br $again)) unreachable";

fn excess<T>(called: Result<T, CallError>) -> Excess {
    match called {
        Err(CallError::Excess(excess)) => excess,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the call succeeded"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_answers_all_three_calls() {
    let (_runtime, run) = run(&Guest::default(), Budget::default()).await;
    assert_eq!(run.check().await.unwrap().organization, "acme");
    let page = run.read("users", Some("parent"), Some("cursor")).await.unwrap();
    assert_eq!((page.progress, page.rows), (Progress::Complete, 0));
    assert!(run.invoke("act", &serde_json::json!({})).await.unwrap().summary.is_empty());
    assert!(run.usage().memory >= 2 * 65_536);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_the_connectors_own_and_keeps_its_instance() {
    let (_runtime, run) = run(&Guest::reading(&format!("i32.const {FAILURE}")), Budget::default()).await;
    let Err(CallError::Failure(failure)) = run.read("users", None, None).await else { panic!("no failure") };
    assert_eq!((failure.code, failure.message.as_str()), (FailureCode::Unauthenticated, "acme"));
    assert!(run.take_idle().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_spins_ends_at_its_processor_time() {
    let budget = Budget { cpu: Duration::from_millis(30), ..Budget::default() };
    let (_runtime, run) = run(&Guest::reading(SPIN), budget).await;
    assert_eq!(excess(run.read("users", None, None).await).resource, Resource::Cpu);
    assert!(run.usage().cpu_micros >= 30_000);
    assert_eq!(excess(run.check().await).resource, Resource::Cpu, "the excess stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_function_that_spins_ends_at_its_processor_time() {
    let guest = Guest { items: format!("(func $spin {SPIN}) (start $spin)"), ..Guest::default() };
    let budget = Budget { cpu: Duration::from_millis(30), ..Budget::default() };
    let (_runtime, run) = run(&guest, budget).await;
    assert_eq!(excess(run.check().await).resource, Resource::Cpu);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_no_memory_left_may_try_again_and_gets_it_once_others_gave_theirs_back() {
    let runtime = Runtime::new(RuntimeOptions { max_memory: Some(1 << 20), ..options() }).unwrap();
    let hoards = Guest::reading(&format!("(drop (memory.grow (i32.const 8))) i32.const {PAGE}"));
    let hoards = runtime.load(&hoards.package()).await.unwrap();
    let run = open(&runtime, &hoards, Budget::default());
    let refused = run.read("users", None, None).await.err().unwrap();
    assert!(
        matches!(&refused, CallError::Crowded(Crowded::Memory { limit: 524_288, .. })) && refused.is_retryable(),
        "{refused}"
    );
    run.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_several_connectors_gave_count_until_they_are_stored() {
    // Half of it is one tenant's: room for three instances of two pages each, and two pages of half a megabyte.
    let runtime = Runtime::new(RuntimeOptions { max_memory: Some(3 << 20), ..options() }).unwrap();
    // Eight skipped rows with one and the same reason of 64,000 bytes.
    let store = |at: u32, value: u32| format!("(i32.store (i32.const {at}) (i32.const {value}))");
    let rows = (0..8).map(|at| 2_300 + at * 28).map(|row| store(row + 20, 65_536) + &store(row + 24, 64_000)).collect::<String>();
    let skipped = store(PAGE + 88, 1) + &store(PAGE + 92, 2_300) + &store(PAGE + 96, 8);
    let lavish = Guest { read: format!("{rows} {skipped} i32.const {PAGE}"), ..Guest::default() };
    let connector = runtime.load(&lavish.package()).await.unwrap();
    let runs = [(); 3].map(|()| open(&runtime, &connector, Budget::default()));
    for run in &runs[..2] {
        assert_eq!(run.read("users", None, None).await.unwrap().skipped.len(), 8);
    }
    let refused = runs[2].read("users", None, None).await.err().unwrap();
    assert!(matches!(&refused, CallError::Crowded(Crowded::Memory { .. })) && refused.is_retryable(), "{refused}");
    runs[0].stored("users", None);
    runs[2].read("users", None, None).await.unwrap();
    // Who asks for more has done with what there was; a run that is over holds nothing.
    runs[2].read("users", None, None).await.unwrap();
    drop(runs);
    while let Err(still) = runtime.core.memory.take(&"tenant".parse().unwrap(), 3 << 19) {
        assert!(matches!(still, Crowded::Memory { .. }));
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded_over_all_instances_of_a_session() {
    let guest = Guest::reading("(loop $again (drop (memory.grow (i32.const 16))) (br $again)) unreachable");
    let budget = Budget { memory: 8 << 20, ..Budget::default() };
    let (_runtime, run) = run(&guest, budget).await;
    assert_eq!(excess(run.read("users", None, None).await).resource, Resource::Memory);
    assert!(run.usage().memory <= 8 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_of_dropped_instances_is_given_back() {
    // Three instances, one after another, of which only one fits.
    let budget = Budget { memory: 3 * 65_536, ..Budget::default() };
    let (_runtime, run) = run(&Guest::default(), budget).await;
    for _ in 0..3 {
        run.invoke("act", &serde_json::json!({})).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_count_as_memory() {
    let grow = "(loop $again (drop (table.grow $t (ref.null func) (i32.const 100000))) (br $again)) unreachable";
    let guest = Guest { items: "(table $t 1 funcref)".to_owned(), read: grow.to_owned(), ..Guest::default() };
    let (_runtime, run) = run(&guest, Budget { memory: 8 << 20, ..Budget::default() }).await;
    assert_eq!(excess(run.read("users", None, None).await).resource, Resource::Memory);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_tells_its_last_words_and_drops_its_instance() {
    let (_runtime, run) = run(&Guest::reading("(call $say) unreachable").with_log(), Budget::default()).await;
    run.check().await.unwrap();
    let Err(CallError::Trap { reason, output }) = run.read("users", None, None).await else { panic!("no trap") };
    assert!(reason.contains("unreachable"), "{reason}");
    assert_eq!(output, "last words");
    assert_eq!(run.log()[0], LogLine { level: LogLevel::Info, message: "last words".to_owned() });
    assert!(run.take_idle().is_none());
    run.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_error_goes_to_the_log_and_into_the_trap() {
    let guest = Guest {
        imports: r#"
            (import "wasi:cli/stderr@0.2.3" "get-stderr" (func $stderr (result i32)))
            (import "wasi:io/streams@0.2.3" "[method]output-stream.blocking-write-and-flush"
                (func $write (param i32 i32 i32 i32)))"#
            .to_owned(),
        items: r#"(data (i32.const 1100) "Error: expected a string")"#.to_owned(),
        read: "(call $write (call $stderr) (i32.const 1100) (i32.const 24) (i32.const 1200)) unreachable".to_owned(),
        world: "import wasi:cli/stderr@0.2.3;".to_owned(),
        ..Guest::default()
    };
    let (_runtime, run) = run(&guest, Budget::default()).await;
    let Err(CallError::Trap { output, .. }) = run.read("users", None, None).await else { panic!("no trap") };
    assert_eq!(output, "Error: expected a string");
    assert_eq!(run.log()[0].level, LogLevel::Warn);
}

#[tokio::test(flavor = "multi_thread")]
async fn exiting_is_a_trap_that_tells_the_status() {
    let guest = Guest {
        imports: r#"(import "wasi:cli/exit@0.2.3" "exit" (func $exit (param i32)))"#.to_owned(),
        read: "(call $exit (i32.const 1)) unreachable".to_owned(),
        world: "import wasi:cli/exit@0.2.3;".to_owned(),
        ..Guest::default()
    };
    let (_runtime, run) = run(&guest, Budget::default()).await;
    let Err(CallError::Trap { reason, .. }) = run.read("users", None, None).await else { panic!("no trap") };
    assert_eq!(reason, "it exited with status 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_opened_folders_and_no_environment() {
    // Both lists come back as a pointer and a length; the lengths are told as rows.
    let guest = Guest {
        imports: r#"
            (import "wasi:filesystem/preopens@0.2.3" "get-directories" (func $folders (param i32)))
            (import "wasi:cli/environment@0.2.3" "get-environment" (func $environment (param i32)))"#
            .to_owned(),
        read: format!(
            "(i32.store (i32.const 1204) (i32.const 99)) (call $folders (i32.const 1200))
            (i32.store (i32.const 1304) (i32.const 99)) (call $environment (i32.const 1300))
            (i32.store (i32.const {ROWS}) (i32.add (i32.load (i32.const 1204)) (i32.load (i32.const 1304))))
            i32.const {PAGE}"
        ),
        world: "import wasi:filesystem/preopens@0.2.3; import wasi:cli/environment@0.2.3;".to_owned(),
        ..Guest::default()
    };
    let (_runtime, run) = run(&guest, Budget::default()).await;
    assert_eq!(run.read("users", None, None).await.unwrap().rows, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_sockets_trap_by_name() {
    for (import, function, world) in [
        ("wasi:filesystem/types@0.2.3", "open-anything", "import wasi:filesystem/types@0.2.3;"),
        ("wasi:sockets/instance-network@0.2.3", "instance-network", "import wasi:sockets/instance-network@0.2.3;"),
    ] {
        let guest = Guest {
            imports: format!(r#"(import "{import}" "{function}" (func $touch (result i32)))"#),
            read: "(call $touch)".to_owned(),
            world: world.to_owned(),
            ..Guest::default()
        };
        let (_runtime, run) = run(&guest, Budget::default()).await;
        let Err(CallError::Trap { reason, .. }) = run.read("users", None, None).await else { panic!("no trap") };
        assert!(reason.contains(&format!("{import}#{function}")), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_one_call_and_nothing_else() {
    let (_runtime, run) = run(&Guest::default(), Budget::default()).await;
    let called = run.call(Job::Panic).await;
    assert!(matches!(called, Err(CallError::Host(why)) if why.contains("panicked")));
    run.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_is_too_long_breaks_the_contract() {
    let more = |len: u32| {
        Guest::reading(&format!(
            "(i32.store8 (i32.const {PROGRESS}) (i32.const 0)) (i32.store (i32.const {}) (i32.const 4096))
            (i32.store (i32.const {}) (i32.const {len})) i32.const {PAGE}",
            PROGRESS + 4,
            PROGRESS + 8
        ))
    };
    let (_runtime, good) = run(&more(4096), Budget::default()).await;
    assert!(matches!(good.read("users", None, None).await.unwrap().progress, Progress::More(cursor) if cursor.len() == 4096));
    let (_runtime, bad) = run(&more(4097), Budget::default()).await;
    assert!(matches!(bad.read("users", None, None).await, Err(CallError::Contract(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connectors_memory_can_be_searched() {
    let guest = Guest { items: r#"(data (i32.const 70000) "needle")"#.to_owned(), ..Guest::default() };
    let (_runtime, run) = run(&guest, Budget::default()).await;
    run.read("users", None, None).await.unwrap();
    let memories = run.memories_for_test().await.unwrap();
    let found = |text: &[u8]| memories.iter().any(|memory| memory.windows(text.len()).any(|window| window == text));
    assert!(found(b"needle"));
    assert!(found(b"users"), "what it was asked");
    assert!(!found(b"hunter2"));
}
