//! The golden key (protocols.md 4), and the files that it and a stranger's come in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::stage::Stage;

/// protocols.md 4: the seed 00..1f, its public key, and its id.
pub const SEED: [u8; 32] = {
    let mut seed = [0; 32];
    let mut index = 0;
    while index < 32 {
        seed[index] = index as u8;
        index += 1;
    }
    seed
};
pub const ID: &str = "zns:56475aa75463474c0285df5dbf2bcab7";
pub const PUBLIC: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
pub const PRIVATE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A vault file under [`super::stage::PASSPHRASE`], as another program may leave it behind: [`ID`] has the key of
/// [`STRANGER`] in it, the first agent that this seed derives as a developer. Ours refuses to make such a file.
pub const ANOTHER_KEY: &str = include_str!("fixtures/another_key.vault");
pub const STRANGER: &str = "7f3214872296f48d652a365c9f637f72";

pub fn key_file(public: &str, private: &str) -> String {
    format!("{{\n  \"public_key\": \"{public}\",\n  \"private_key\": \"{private}\"\n}}\n")
}

/// Writes a key file as it should be: for its owner alone.
pub fn write_key(stage: &Stage, name: &str, text: &str) -> String {
    let path = stage.write(name, text);
    set_mode(&path, 0o600);
    name.to_owned()
}

/// Gives a stage the vault that has another key under the golden id.
pub fn take(stage: &Stage) {
    fs::create_dir_all(stage.path("data")).expect("a folder");
    set_mode(&stage.write("data/keys.vault", ANOTHER_KEY), 0o600);
}

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode is set");
}
