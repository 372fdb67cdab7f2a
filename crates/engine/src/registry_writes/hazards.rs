//! What a person should know before they sign, because it cannot be taken back.

use beatkeeper_core::base_url::BaseUrl;

use super::deed::Deed;

/// In the order of the requests.
pub(super) fn of(deeds: &[Deed], base: &BaseUrl) -> Vec<String> {
    let mut hazards = Vec::new();
    if !deeds.is_empty() && !base.is_encrypted() && !base.is_loopback() {
        hazards.push(format!(
            "{base} is reached without encryption: whoever reads along can repeat what is signed, for ever."
        ));
    }
    for deed in deeds {
        match deed {
            Deed::Publish { .. } => hazards.push(
                "The registry clears the code hash of the record, if one was stored: it does so at each change, and shows it to \
                 nobody."
                    .to_owned(),
            ),
            Deed::Delete { .. } => hazards.push(
                "The signature of a deletion is always the same, and names no registry: whoever has it can delete the record \
                 again, here and elsewhere."
                    .to_owned(),
            ),
            Deed::Developer { .. } | Deed::Register { .. } | Deed::Release { .. } => {}
        }
    }
    hazards
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::wire::ownership::Owner;

    use super::*;

    #[test]
    fn what_can_be_repeated_is_said() {
        let id: beatkeeper_core::identity::EntityId = "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap();
        let publish = [Deed::Publish { id: id.clone(), entity_url: "https://a".into() }];
        let delete = [Deed::Delete { id, by: Owner::Entity }];
        let count = |deeds: &[Deed], base: &str| of(deeds, &base.parse().unwrap()).len();
        for near in ["https://r.example", "http://127.0.0.1:1"] {
            assert_eq!((count(&publish, near), count(&delete, near), count(&[], near)), (1, 1, 0), "{near}");
        }
        let plain = "http://r.example";
        assert_eq!((count(&publish, plain), count(&delete, plain), count(&[], plain)), (2, 2, 0));
        assert!(of(&delete, &plain.parse().unwrap())[0].contains("without encryption"));
        assert!(of(&publish, &plain.parse().unwrap())[1].contains("code hash"));
    }
}
