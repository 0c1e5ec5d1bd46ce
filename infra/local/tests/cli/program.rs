//! The program, run to its end.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use super::risc;

/// What the program said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: Option<i32>,
    pub(super) output: String,
    pub(super) error: String,
}

impl Said {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// Runs `security-events` with these arguments, in an environment without a key.
pub(super) async fn security_events(arguments: &[&str]) -> Said {
    let arguments: Vec<_> =
        std::iter::once("security-events").chain(arguments.iter().copied()).map(str::to_owned).collect();
    run(arguments, None).await
}

pub(super) async fn run(arguments: Vec<String>, key_variable: Option<PathBuf>) -> Said {
    let run = move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gmail-connect-local"));
        command.args(arguments).env_remove("GOOGLE_APPLICATION_CREDENTIALS");
        command.envs(key_variable.map(|file| ("GOOGLE_APPLICATION_CREDENTIALS", file)));
        command.output().unwrap()
    };
    let Output { status, stdout, stderr } = tokio::task::spawn_blocking(run).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { status: status.code(), output: text(stdout), error: text(stderr) }
}

/// A folder with a key file.
pub(super) struct KeyFile {
    folder: TempDir,
}

impl KeyFile {
    pub(super) fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key.json"), text).unwrap();
        Self { folder }
    }

    pub(super) fn good() -> Self {
        Self::new(&risc::key_file().to_string())
    }

    pub(super) fn path(&self) -> String {
        self.folder.path().join("key.json").to_str().unwrap().to_owned()
    }
}
