//! Connectors' files: any bytes can be looked at, and one that is taken is a component to its very end.

use headcount_model::Manifest;
use headcount_sandbox::{Package, inspect};

pub(crate) fn run(data: &[u8]) {
    let seen = inspect(data);
    assert_eq!(seen.size, data.len() as u64);
    let Ok(package) = Package::read(data.to_vec()) else {
        assert!(seen.problem.is_some(), "a file is refused, and nothing is wrong with it");
        return;
    };
    assert!(seen.problem.is_none(), "{:?}", seen.problem);
    assert_eq!(package.bytes(), data);
    assert_eq!(package.digest, seen.digest);
    assert!(seen.imports.iter().all(|(_, offered)| *offered), "{:?}", seen.imports);
    assert!(seen.exports.iter().any(|(_, contract)| *contract), "{:?}", seen.exports);
    // The manifest is in the file, once, and is the one that was read.
    assert_eq!(Some(package.manifest.as_ref()), seen.manifest.as_ref());
    assert_eq!(Manifest::from_json(package.manifest.to_json().as_bytes()).as_ref(), Ok(package.manifest.as_ref()));
    for longer in [&[0][..], b"\0asm", data] {
        assert!(Package::read([data, longer].concat()).is_err(), "something follows the end of a file that is taken");
    }
    assert!(
        Package::read(data.get(..data.len() - 1).unwrap_or_default().to_vec()).is_err(),
        "a file without its last byte is taken"
    );
}
