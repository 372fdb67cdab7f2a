//! Keys of agents from a developer's key (protocols.md 2.2).

use beatkeeper_core::identity::{PublicKey, Signature};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroize as _;

use crate::Seed;

/// Services are derived under the same label.
const LABEL: &[u8] = b"zns:agent:";

/// A developer's word that the agent at `entity_index` is theirs; a registration carries it as `developer_proof`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeveloperProof {
    /// The developer's key.
    pub developer_public_key: PublicKey,
    /// Which of the developer's agents.
    pub entity_index: u32,
    /// The developer's signature over the agent's public key and the index.
    pub developer_signature: Signature,
}

impl Seed {
    /// With `self` as the developer's seed, the seed of the agent at `index`.
    #[must_use]
    pub fn derive(&self, index: u32) -> Self {
        let mut hash = Sha512::new();
        hash.update(self.expose());
        hash.update(LABEL);
        hash.update(index.to_be_bytes());
        let mut digest = hash.finalize();
        let derived = Self::filled(|seed| seed.copy_from_slice(&digest[..32]));
        digest.as_mut_slice().zeroize();
        derived
    }

    /// With `self` as the developer's seed, the proof for the agent at `index`.
    #[must_use]
    pub fn developer_proof(&self, index: u32) -> DeveloperProof {
        let agent = self.derive(index).public_key();
        let mut message = [0; 36];
        message[..32].copy_from_slice(agent.as_bytes());
        message[32..].copy_from_slice(&index.to_be_bytes());
        DeveloperProof {
            developer_public_key: self.public_key(),
            entity_index: index,
            developer_signature: self.signer().sign(&message),
        }
    }
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::identity::{EntityId, EntityKind};

    use super::*;

    /// protocols.md 4: index, derived seed, public key, id, developer signature.
    const GOLDEN: [(u32, &str, &str, &str, &str); 3] = [
        (
            0,
            "314fea309f98c6bb3e296effd21a9b03bce2ff67495ed7b6e5e944962e82fe44",
            "ed25519:mwQvTmA+9sTEzmEnfiw4jRtFf5PZO6mAEDFEFUrp/C0=",
            "zns:7f3214872296f48d652a365c9f637f72",
            "ed25519:rttB9VeultQ26r72v7iF7bQHyD1ofnU1nzLHu5grBL+QOHZhIx12S/+Eq1zZBwUTD2CLh++4MhQsSpHmP9fcBQ==",
        ),
        (
            1,
            "e02528322e6a965f06debc2b5af9f7e9926278d6e3bfc5de4ad609fc3355e00d",
            "ed25519:S3oClBwPfa40I3liVdOMCIfWOyux+dMtc6HzdW0xSuo=",
            "zns:c05f93041a20967a48616b85df7ada7f",
            "ed25519:0rfaCzdHOPW9i5Vv/NbhTAfo4/yS3tt/qL11wpinWdI8uIjXMPQly2X3foslecLovqgsKrkazdTi4Nylu+pyBw==",
        ),
        (
            190,
            "d760555269234f6cd1a00d21ab356b9746c7bef7a9920fd7eede4d241cc9ca11",
            "ed25519:fYioQ+ZkW6cTf7FJiy7sbVGaoSfM5RVLCoZL1JEaYiY=",
            "zns:51e662c8744e2a4590588751c6ed15d7",
            "ed25519:UBMArdKrtOs0qVQXhwM7iJfcyWjXuPKMAarpt2LUwZ8+T+PBmOWPBxvUIWeaBlDXiONuvuXHH11LLCELszotCQ==",
        ),
    ];

    #[test]
    fn derivation_is_the_registrys_own() {
        let developer = Seed::from_slice(&(0..32).collect::<Vec<u8>>()).unwrap();
        for (index, seed, public_key, id, signature) in GOLDEN {
            let agent = developer.derive(index);
            let hex: String = agent.expose().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, seed);
            assert_eq!(agent.public_key().to_wire(), public_key);
            assert_eq!(EntityId::from_key(&agent.public_key(), EntityKind::Agent).as_str(), id);

            let proof = developer.developer_proof(index);
            assert_eq!(proof.developer_public_key, developer.public_key());
            assert_eq!(proof.entity_index, index);
            assert_eq!(proof.developer_signature.to_wire(), signature);
        }
    }
}
