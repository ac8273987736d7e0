//! Runs other programs, and stops at the first that fails.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

/// Starts programs in the repository.
#[derive(Debug)]
pub(crate) struct Tool {
    root: PathBuf,
}

/// A program that is about to run.
#[derive(Debug)]
pub(crate) struct Program {
    root: PathBuf,
    command: Command,
}

impl Tool {
    /// In the repository at `root`.
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The repository.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Any program.
    pub(crate) fn program(&self, name: impl AsRef<OsStr>) -> Program {
        let mut command = Command::new(name);
        command.current_dir(&self.root);
        // What cargo tells this program about itself: build scripts that read it would run again for another value.
        let own = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for name in own.filter(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|start| name.starts_with(start))
        }) {
            command.env_remove(name);
        }
        Program { root: self.root.clone(), command }
    }

    /// The cargo that runs this.
    pub(crate) fn cargo<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Program {
        let toolchain = arguments.into_iter().collect::<Vec<_>>();
        // `+nightly` is understood by rustup's cargo alone, not by the one of a toolchain.
        let rustup = toolchain.first().is_some_and(|first| first.starts_with('+'));
        let cargo = std::env::var_os("CARGO").filter(|_| !rustup).unwrap_or_else(|| "cargo".into());
        self.program(cargo).args(toolchain)
    }
}

impl Program {
    /// Adds arguments.
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it in a folder of the repository.
    pub(crate) fn within(mut self, folder: &str) -> Self {
        self.command.current_dir(self.root.join(folder));
        self
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// If it does not start, or ends with another status than 0.
    pub(crate) fn run(mut self) -> anyhow::Result<()> {
        let status = self.command.status().with_context(|| format!("cannot start {:?}", self.command))?;
        if !status.success() {
            bail!("{:?} ended with {status}", self.command);
        }
        Ok(())
    }

    /// Runs it to its end, and returns what it printed, whatever its exit status.
    ///
    /// # Errors
    /// If it does not start, or prints what is not UTF-8.
    pub(crate) fn output(mut self) -> anyhow::Result<String> {
        let output = self.command.output().with_context(|| format!("cannot start {:?}", self.command))?;
        Ok(String::from_utf8(output.stdout)?)
    }
}
