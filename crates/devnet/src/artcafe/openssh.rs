//! An agent's public key, as an ArtCafe server is given it: a line that OpenSSH writes (protocols.md 5.2; RFC 4253, 6.6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const SSH_RSA: &str = "ssh-rsa";
/// Longer than a key of 8192 bits with its comment.
const LONGEST: usize = 4096;
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// The RSA public key in a line such as `ssh-rsa AAAA… comment`, in DER as PKCS#1 writes it.
#[must_use]
pub fn rsa_public_key(line: &str) -> Option<Vec<u8>> {
    let mut words = line.split_whitespace();
    if line.len() > LONGEST || words.next()? != SSH_RSA {
        return None;
    }
    let blob = STANDARD.decode(words.next()?).ok()?;
    let (name, rest) = field(&blob)?;
    let (exponent, rest) = field(rest)?;
    let (modulus, rest) = field(rest)?;
    if name != SSH_RSA.as_bytes() || !rest.is_empty() || exponent.is_empty() || modulus.is_empty() {
        return None;
    }
    // Both forms write numbers alike: the sign first, and no more zeros than it needs.
    Some(tagged(SEQUENCE, &[tagged(INTEGER, modulus), tagged(INTEGER, exponent)].concat()))
}

/// What follows a length of four bytes, and the rest.
fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut out = vec![tag];
    match length {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        // How many bytes the length has.
        long => {
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(0x7f));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use ring::signature::RsaKeyPair;
    use rustls_pki_types::PrivateKeyDer;
    use rustls_pki_types::pem::PemObject as _;

    use super::*;

    const LINE: &str = include_str!("../../../vault/tests/rsa/public.openssh");
    const PEM: &[u8] = include_bytes!("../../../vault/tests/rsa/pkcs8.pem");

    #[test]
    fn a_line_of_openssh_is_the_same_key_as_its_pem() {
        let der = PrivateKeyDer::from_pem_slice(PEM).unwrap();
        let pair = RsaKeyPair::from_pkcs8(der.secret_der()).unwrap();
        assert_eq!(rsa_public_key(LINE).unwrap(), pair.public().as_ref());
    }

    #[test]
    fn what_is_no_such_line_is_none() {
        let cut = LINE.trim().get(..LINE.trim().len() - 8).unwrap();
        let other = format!("ssh-ed25519 {}", LINE.split(' ').nth(1).unwrap());
        for line in ["", "ssh-rsa", "ssh-rsa AAAA", "ssh-rsa !", cut, &other, &"x".repeat(LONGEST + 1)] {
            assert_eq!(rsa_public_key(line), None, "{line}");
        }
    }
}
