//! MiniStack, a second emulator of AWS, that shares no code with moto: installed and run as moto is.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    moto::{self, Server},
    run::Gatelight,
    seed::{Keys, Seeded},
};

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ministack-requirements.txt");

/// Runs MiniStack on a free loopback port, and tells the port on stdout, until stdin closes: see `moto.py`.
///
/// At its start MiniStack removes containers that it takes for its own, so no Docker daemon is shown to it; and it opens
/// ports of its own for MQTT and SFTP if it is let. Two things of EC2 that it lacks are corrected: the network ACL that AWS
/// associates with every new subnet, and the answer that public access to VPCs is not blocked.
const SERVER: &str = r#"
import asyncio
import os
import socket
import sys
import threading

listener = socket.create_server(("127.0.0.1", 0), backlog=256)
port = listener.getsockname()[1]
os.environ.clear()
os.environ.update(
    BIND_HOST="127.0.0.1",
    DOCKER_HOST="unix:///nonexistent",
    GATEWAY_PORT=str(port),
    HOME="/nonexistent",
    IOT_MTLS_ENABLED="0",
    LOG_LEVEL="WARNING",
    PATH=os.defpath,
    SFTP_ENABLED="0",
)

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app
from ministack.services import ec2

describe = ec2._ACTION_MAP["DescribeNetworkAcls"]


def describe_network_acls(params):
    for acl in ec2._network_acls.values():
        if acl["IsDefault"]:
            subnets = [id for id, subnet in ec2._subnets.items() if subnet["VpcId"] == acl["VpcId"]]
            acl["Associations"] = [dict(NetworkAclAssociationId=f"aclassoc-{id}", SubnetId=id) for id in subnets]
    return describe(params)


ec2._ACTION_MAP["DescribeNetworkAcls"] = describe_network_acls


def leave_when_stdin_closes():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=leave_when_stdin_closes, daemon=True).start()
config = Config()
config.bind = [f"fd://{listener.detach()}"]
config.loglevel = "WARNING"
print(port, flush=True)
asyncio.run(serve(app, config))
"#;

/// # Panics
/// If MiniStack cannot be installed or started. A test that needs it is never skipped: it would pass unseen for ever.
fn running() -> &'static Server {
    static MINISTACK: OnceLock<Result<Server, String>> = OnceLock::new();
    match MINISTACK.get_or_init(|| moto::start("ministack", &python()?, REQUIREMENTS, SERVER)) {
        Ok(server) => server,
        Err(why) => panic!("{why}"),
    }
}

/// A Python that is new enough for MiniStack.
fn python() -> Result<PathBuf, String> {
    let mut candidates: Vec<PathBuf> = ["python3.13", "python3.12", "python3"].map(PathBuf::from).into();
    let versions = env::home_dir().and_then(|home| fs::read_dir(home.join(".pyenv/versions")).ok());
    candidates.extend(versions.into_iter().flatten().flatten().map(|version| version.path().join("bin/python3")));
    let new_enough = |python: &PathBuf| {
        let code = "import sys; sys.exit(sys.version_info < (3, 12))";
        Command::new(python).args(["-I", "-c", code]).output().is_ok_and(|output| output.status.success())
    };
    candidates.into_iter().find(new_enough).ok_or_else(|| {
        "MiniStack needs Python 3.12 or newer for the tests, as python3.13, python3.12 or python3 on the PATH or below \
         ~/.pyenv/versions"
            .to_owned()
    })
}

fn endpoint() -> String {
    format!("http://127.0.0.1:{}", running().port)
}

/// An account of MiniStack that nobody else uses, in one region.
pub(crate) struct Account {
    pub(crate) id: String,
    keys: Keys,
}

impl Account {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(300_000_000_001);
        let id = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        // An access key of 12 digits is the account's number.
        let keys = Keys { id: id.clone(), secret: "secret".to_owned(), token: "token".to_owned() };
        Self { id, keys }
    }

    /// Fills the account by scripts in Python, one after the other; returns their `answer`.
    pub(crate) fn seeded(&self, scripts: &[&str]) -> Seeded {
        let code = format!("{}\n{}\nprint(json.dumps(answer))", include_str!("seed.py"), scripts.join("\n"));
        let python: &Path = &running().python;
        let mut seed = Command::new(python);
        seed.args(["-I", "-c", &code]).env_clear();
        seed.env("AWS_ACCESS_KEY_ID", &self.keys.id).env("AWS_SECRET_ACCESS_KEY", &self.keys.secret);
        seed.env("AWS_SESSION_TOKEN", &self.keys.token).env("AWS_DEFAULT_REGION", "us-east-1");
        let ran = seed.env("ACCOUNT", &self.id).env("ENDPOINT", endpoint()).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        Seeded(serde_json::from_slice(&ran.stdout).unwrap())
    }

    /// `gatelight audit --format json` of the region with this account's keys, without metrics: MiniStack has none in
    /// the SDK's protocol.
    pub(crate) fn audit(&self) -> Gatelight {
        let args = ["audit", "--format", "json", "--pace", "off", "--metrics", "off", "--region", "us-east-1"];
        Gatelight::new(args).keys(&self.keys).endpoint(&endpoint())
    }
}
