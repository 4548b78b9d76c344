//! Compiling components: in a child process that can do nothing else, or in this one for components that one built oneself.
//!
//! Compilers are large and parse hostile input, so a component is compiled, and its types are read, where memory, time and output are
//! bounded and there are neither files nor network. What comes back is trusted to be code, as any compiler's output is: a child that
//! a component has taken over could lie.

mod check;
mod confine;
mod facts;
#[cfg(target_os = "linux")]
mod filter;
mod frame;
mod parent;
mod worker;

use std::ffi::OsString;
use std::path::PathBuf;

use wasmtime::Engine;
use wasmtime::component::Component;

pub use check::check_compile_worker;
pub(crate) use facts::Stub;
pub use facts::{Facts, Needs};
pub(crate) use parent::Jail;
pub use worker::compile_worker;

/// Where components are compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compiler {
    /// Nowhere: only code that was compiled earlier, and kept, is loaded.
    #[default]
    None,
    /// In a child process of its own, bounded and without network: for components from anybody.
    Worker {
        /// The path of a program that calls [`compile_worker`] first in `main`, given these arguments. It gets no environment.
        program: PathBuf,
        /// Its arguments.
        args: Vec<OsString>,
    },
    /// In this process, without any bound: only for components that one built oneself.
    InProcess,
}

/// A component's code for this machine, and what its types say.
pub(crate) struct Compiled {
    pub facts: Facts,
    pub code: Vec<u8>,
}

/// Compiles a component and reads its types. Takes as much time and memory as the component makes it take.
pub(crate) fn compile(engine: &Engine, component: &[u8]) -> wasmtime::Result<Compiled> {
    let component = Component::from_binary(engine, component)?;
    Ok(Compiled { facts: Facts::of(engine, &component), code: component.serialize()? })
}

#[cfg(test)]
mod tests;
