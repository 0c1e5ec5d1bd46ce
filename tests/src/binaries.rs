//! The functions' binaries, built once.

use std::{
    collections::BTreeMap,
    env, io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());

/// The debug binary of the package of that name, built at the first call of the process, which waits for the build.
///
/// # Errors
/// If the package does not build or has no binary of its name.
pub fn binary(name: &str) -> Result<PathBuf, NoBinary> {
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(path) = built.get(name) {
        return Ok(path.clone());
    }
    let path = build(name)?;
    built.insert(name.to_owned(), path.clone());
    Ok(path)
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    PathBuf::from(WORKSPACE)
}

/// Where Cargo puts what it builds: `CARGO_TARGET_DIR`, or `target` at the workspace's root.
pub fn target_directory() -> PathBuf {
    workspace().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The function that does nothing, which others are measured beside.
pub const EMPTY_FUNCTION: &str = "empty-function";

/// The release binaries of functions by their names, as a deployment has them: those that are in a folder, and the others
/// built. What Cargo says goes to standard error: it takes minutes.
///
/// # Errors
/// If one does not build or has no binary of its name.
pub fn release_binaries<'a>(folder: Option<&Path>, names: &[&'a str]) -> Result<BTreeMap<&'a str, PathBuf>, NoBinary> {
    let there = |name: &&'a str| Some((*name, folder?.join(name))).filter(|(_, path)| path.is_file());
    let mut binaries: BTreeMap<_, _> = names.iter().filter_map(there).collect();
    let missing = names.iter().copied().filter(|name| !binaries.contains_key(name));
    // The empty one on its own, for the features of the one are not to change what the others depend on.
    let (empty, functions): (Vec<_>, Vec<_>) = missing.partition(|name| *name == EMPTY_FUNCTION);
    for (names, features) in [(functions, [].as_slice()), (empty, &["function"])] {
        if !names.is_empty() {
            binaries.extend(build_released(&names, features)?);
        }
    }
    Ok(binaries)
}

fn build_released<'a>(names: &[&'a str], features: &[&str]) -> Result<BTreeMap<&'a str, PathBuf>, NoBinary> {
    let mut cargo = cargo_build();
    cargo.arg("--release").args(names.iter().flat_map(|name| ["--package", name]));
    cargo.args(features.iter().flat_map(|feature| ["--features", feature]));
    let Output { status, stdout, .. } = cargo.stderr(Stdio::inherit()).output()?;
    if !status.success() {
        return Err(NoBinary::Build { package: names.join(", "), messages: String::new() });
    }
    let messages = String::from_utf8_lossy(&stdout);
    let binary = |name| messages.lines().find_map(|message| executable(message, name));
    names.iter().map(|name| Ok((*name, binary(name).ok_or_else(|| NoBinary::Absent((*name).to_owned()))?))).collect()
}

fn cargo_build() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(WORKSPACE).env("CARGO_TARGET_DIR", target_directory());
    cargo.args(["build", "--locked", "--message-format=json-render-diagnostics"]);
    for (variable, _) in env::vars_os().filter(|(variable, _)| belongs_to_this_package(&variable.to_string_lossy())) {
        cargo.env_remove(variable);
    }
    cargo
}

fn build(name: &str) -> Result<PathBuf, NoBinary> {
    let Output { status, stdout, stderr } = cargo_build().args(["--package", name]).output()?;
    if !status.success() {
        let package = name.to_owned();
        return Err(NoBinary::Build { package, messages: String::from_utf8_lossy(&stderr).into_owned() });
    }
    let messages = String::from_utf8_lossy(&stdout);
    messages.lines().find_map(|message| executable(message, name)).ok_or_else(|| NoBinary::Absent(name.to_owned()))
}

/// Variables that Cargo sets for a running test: build scripts that watch them would run again, and all after them.
fn belongs_to_this_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"]
        .iter()
        .any(|prefix| variable.starts_with(prefix))
}

fn executable(message: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_ours = message.pointer("/target/name")?.as_str()? == name;
    message.get("executable")?.as_str().filter(|_| is_ours).map(PathBuf::from)
}

/// Why there is no binary to run.
#[derive(Debug, thiserror::Error)]
pub enum NoBinary {
    /// Cargo could not be started.
    #[error("cargo cannot be started")]
    Cargo(#[from] io::Error),
    /// The package does not build.
    #[error("cargo build --locked --package {package} failed:\n{messages}")]
    Build {
        /// The package's name.
        package: String,
        /// What Cargo printed.
        messages: String,
    },
    /// The package has no binary of its name.
    #[error("package {0} has no binary of its name")]
    Absent(String),
}
