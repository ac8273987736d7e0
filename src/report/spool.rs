//! The outcomes of all regions, as lines of JSON in a temporary file: there may be a million of them.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
};

use anyhow::Context as _;
use serde::{Serialize, de::DeserializeOwned};

/// Where the outcomes of one region are in the file. No two regions with outcomes share one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct SpoolRange {
    /// In bytes.
    start: u64,
    /// How many lines.
    outcomes: u64,
}

/// The file while it is written.
#[derive(Debug)]
pub(super) struct SpoolWriter {
    file: BufWriter<File>,
    /// Bytes written.
    position: u64,
    region: SpoolRange,
}

impl SpoolWriter {
    /// An empty temporary file. It has no name, so nothing stays behind.
    ///
    /// # Errors
    /// If there is no place for it.
    pub(super) fn new() -> anyhow::Result<Self> {
        let file = tempfile::tempfile().context("could not create a temporary file for the outcomes")?;
        Ok(Self { file: BufWriter::new(file), position: 0, region: SpoolRange::default() })
    }

    /// # Errors
    /// If the file cannot be written.
    pub(super) fn write(&mut self, outcome: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(outcome)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.position += line.len() as u64;
        self.region.outcomes += 1;
        Ok(())
    }

    /// Begins a region.
    pub(super) fn begin_region(&mut self) {
        self.region = SpoolRange { start: self.position, outcomes: 0 };
    }

    /// What was written since the region began.
    pub(super) fn region(&self) -> SpoolRange {
        self.region
    }

    /// # Errors
    /// If the file cannot be written.
    pub(super) fn finish(self) -> anyhow::Result<Spool> {
        let file = self.file.into_inner().context("the temporary file for the outcomes cannot be written")?;
        Ok(Spool(file))
    }
}

/// The file, complete.
#[derive(Debug)]
pub(super) struct Spool(File);

impl Spool {
    /// The outcomes of one region, in the order in which they were written.
    ///
    /// # Errors
    /// If the file cannot be read, or what `each` returns.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        range: SpoolRange,
        mut each: impl FnMut(T) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut file = &self.0;
        file.seek(SeekFrom::Start(range.start))?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        for _ in 0..range.outcomes {
            line.clear();
            reader.read_until(b'\n', &mut line)?;
            each(serde_json::from_slice(&line)?)?;
        }
        Ok(())
    }
}
