//! Which vault was chosen, and the passphrase of the vault file.

use std::io::{self, IsTerminal as _};

use beatkeeper_engine::{Paths, VaultChoice};
use secrecy::{ExposeSecret as _, SecretString};

use crate::args::VaultKind;
use crate::failure::Failure;
use crate::out;

const VARIABLE: &str = "BEATKEEPER_PASSPHRASE";

/// The vault that was asked for, opened with the passphrase from the environment or from a person.
pub(crate) fn choose(kind: VaultKind, paths: &Paths) -> Result<VaultChoice, Failure> {
    match kind {
        VaultKind::Keychain => Ok(VaultChoice::Keychain),
        VaultKind::File => Ok(VaultChoice::File { passphrase: given().map_or_else(|| ask(paths), Ok)? }),
    }
}

/// The same where nobody should be asked: nothing, when that would be needed.
pub(crate) fn choose_silently(kind: VaultKind) -> Option<VaultChoice> {
    match kind {
        VaultKind::Keychain => Some(VaultChoice::Keychain),
        VaultKind::File => given().map(|passphrase| VaultChoice::File { passphrase }),
    }
}

fn given() -> Option<SecretString> {
    std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()).map(SecretString::from)
}

fn ask(paths: &Paths) -> Result<SecretString, Failure> {
    let file = paths.vault_file();
    if !io::stdin().is_terminal() {
        return Err(Failure::refused(
            "vault.no_passphrase",
            "The keys are in a file (--vault file), and nobody gave its passphrase.",
            format!("Put it into {VARIABLE}, or run the command in a terminal, which asks for it."),
        ));
    }
    if file.exists() {
        return prompt(&format!("Passphrase of {}: ", file.display()));
    }
    out::note(&format!("A new vault file is made: {}. Its passphrase cannot be recovered.", file.display()));
    let first = prompt("New passphrase: ")?;
    let second = prompt("The same again: ")?;
    if first.expose_secret() != second.expose_secret() {
        return Err(Failure::refused(
            "vault.passphrases_differ",
            "The two passphrases differ; nothing was made.",
            "Try again.",
        ));
    }
    Ok(first)
}

fn prompt(text: &str) -> Result<SecretString, Failure> {
    rpassword::prompt_password(text).map(SecretString::from).map_err(|error| {
        Failure::refused(
            "vault.no_passphrase",
            format!("The passphrase could not be read: {error}"),
            format!("Put it into {VARIABLE}."),
        )
    })
}
