//! Carrying a plan out: each request is signed and sent, and its answer judged.

use std::sync::Arc;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::{DeveloperId, EntityId};
use beatkeeper_vault::{Overwrite, Stored};

use super::Desk;
use super::answers::{self, quoted};
use super::client::{Answer, Client};
use super::deed::Deed;
use super::draft::{Draft, Switch};
use super::keys::{Keys, must_be_ours};
use super::plan::{WriteDone, WriteDoneStep};
use crate::handle::blocking;
use crate::refusal::Refusal;
use crate::settings;

impl Desk<'_> {
    pub(super) async fn perform(&self, draft: Draft) -> Result<WriteDone, Refusal> {
        let Draft { plan, name: _, registry, deeds, keys, switch, done } = draft;
        let mut client = Client::new(registry.url.clone(), self.pace, self.asker.clone())?;
        // A key that is registered and kept nowhere would be lost.
        let is_new = match &switch {
            Some(switch) => self.keep(switch).await? == Stored::Written,
            None => false,
        };
        let mut steps: Vec<WriteDoneStep> = Vec::new();
        for deed in &deeds {
            let done = match ask(deed, &keys, &mut client, &registry.url, switch.is_some()).await {
                Ok(step) => Ok(step),
                Err(refusal) => look_again(deed, refusal, &mut client).await,
            };
            match done {
                Ok(step) => steps.push(step),
                Err(Failed { refusal, in_doubt }) => {
                    if let Some(switch) = switch.as_ref().filter(|_| is_new && !in_doubt) {
                        self.take_back(switch).await;
                    }
                    return Err(after(&steps, refusal));
                }
            }
        }
        tracing::info!(agent = %plan.agent, registry = %registry.name, steps = steps.len(), "written to the registry");
        let agent = match switch {
            Some(switch) => self.switch(&plan.agent, switch).await.map_err(|refusal| after(&steps, refusal))?,
            None => plan.agent,
        };
        Ok(WriteDone { steps, sentence: done, agent })
    }

    /// Into the vault, which reads it back.
    async fn keep(&self, switch: &Switch) -> Result<Stored, Refusal> {
        let (vault, id, seed) = (self.vault.clone(), switch.id.clone(), Arc::clone(&switch.seed));
        blocking(move || Ok(vault.store(&id, &seed, Overwrite::OnlyIfAbsent)?)).await
    }

    /// A key that the registry refused is nobody's, and would lie in the vault for nothing.
    async fn take_back(&self, switch: &Switch) {
        let (vault, id) = (self.vault.clone(), switch.id.clone());
        let fingerprint = switch.seed.public_key().fingerprint();
        if let Err(refusal) = blocking(move || Ok(vault.delete(&id, fingerprint)?)).await {
            tracing::warn!(id = %switch.id, "a key that is not registered stays in the vault: {refusal}");
        }
    }

    /// The new key takes the old one's place in the configuration.
    async fn switch(&self, old: &EntityId, switch: Switch) -> Result<EntityId, Refusal> {
        let Switch { id, derived, .. } = switch;
        let _one_at_a_time = self.changing.lock().await;
        let index = derived.index;
        let written = match self.must_be_down(old).await {
            Ok(()) => {
                let (config, old, new) = (self.paths.config.clone(), old.clone(), id.clone());
                blocking(move || Ok(settings::set_entity(&config, &old, &new, &derived)?)).await
            }
            Err(refusal) => Err(refusal),
        };
        match written {
            Ok(_) => Ok(id),
            Err(refusal) => Err(Refusal {
                sentence: format!(
                    "{id}, the developer's number {index}, is registered and has its key in the vault, and the configuration \
                     is as it was: {}",
                    refusal.sentence
                ),
                remedy: format!("{} The next try goes on with that key.", refusal.remedy),
                ..refusal
            }),
        }
    }
}

/// A request that was not done, as far as that is known.
struct Failed {
    refusal: Refusal,
    /// Whether it may be done all the same, now or in a while.
    in_doubt: bool,
}

/// Signs a request, sends it and judges the answer.
async fn ask(
    deed: &Deed,
    keys: &Keys,
    client: &mut Client,
    base: &BaseUrl,
    must_be_new: bool,
) -> Result<WriteDoneStep, Refusal> {
    let mut pen = keys;
    let request = deed.write(&mut pen)?;
    let answer = client.ask(&request).await?;
    judge(deed, answer, client, base, must_be_new).await
}

/// What became of a registration whose answer says nothing: its record tells. Other requests can be repeated as they are.
async fn look_again(deed: &Deed, refusal: Refusal, client: &mut Client) -> Result<WriteDoneStep, Failed> {
    let Deed::Register { key, kind, index, .. } = deed else { return Err(Failed { refusal, in_doubt: false }) };
    if !answers::is_unsure(&refusal) {
        return Err(Failed { refusal, in_doubt: false });
    }
    let id = EntityId::from_key(key, *kind);
    match client.record(&id).await {
        Ok(Some(there)) if there.is_of(key) => Ok(WriteDoneStep {
            what: deed.what(),
            status: None,
            answer: "its answer did not say so, and its record is there".to_owned(),
            ok: true,
        }),
        Ok(_) if !answers::may_come_yet(&refusal) => Err(Failed { refusal, in_doubt: false }),
        Ok(_) | Err(_) => Err(Failed { refusal: answers::in_doubt(refusal, &id, *index), in_doubt: true }),
    }
}

/// Whether it is now as the request wanted it. A key that `must_be_new` is nobody else's to register.
async fn judge(
    deed: &Deed,
    answer: Answer,
    client: &mut Client,
    base: &BaseUrl,
    must_be_new: bool,
) -> Result<WriteDoneStep, Refusal> {
    let status = answer.status;
    let refused = |answer: &Answer| Err(answers::refusal(answer, base));
    let said = match (deed, status) {
        (Deed::Developer { key, .. }, 201) => {
            must_be_the_id(answer.text("developer_id"), DeveloperId::from_key(key).as_str())?;
            None
        }
        // Somebody was faster. The id is that of this key, so it can only have been the developer.
        (Deed::Developer { key, .. }, 409) => {
            if !client.knows(&DeveloperId::from_key(key)).await? {
                return refused(&answer);
            }
            Some("it was registered already, by the same developer")
        }
        (Deed::Register { key, kind, .. }, 201) => {
            must_be_the_id(answer.text("entity_id"), EntityId::from_key(key, *kind).as_str())?;
            None
        }
        (Deed::Register { key, kind, index, .. }, 409) if must_be_new => {
            return Err(answers::taken(&EntityId::from_key(key, *kind), *index));
        }
        (Deed::Register { key, kind, .. }, 409) => {
            let id = EntityId::from_key(key, *kind);
            let Some(record) = client.record(&id).await? else { return refused(&answer) };
            must_be_ours(&id, record.public_key.as_deref(), key)?;
            Some("it was registered already, with the same key")
        }
        (Deed::Publish { entity_url, .. }, 200) => {
            if answer.text("entity_url").is_some_and(|now| now != entity_url) {
                let sentence = "The registry took the change, and says another address than the one that was sent";
                return Err(Refusal::new("write.not_taken", sentence, "Try again; if it stays like this, report it."));
            }
            None
        }
        (Deed::Release { .. } | Deed::Delete { .. }, 200) => None,
        (Deed::Release { .. } | Deed::Delete { .. }, 404) if answer.is_unknown() => Some("it was gone already"),
        _ => return refused(&answer),
    };
    let words = said.or_else(|| answer.text("message")).map_or_else(|| "done".to_owned(), quoted);
    let waited = answer
        .waited
        .map_or_else(String::new, |waited| format!(", after {} s that its limit asked for", waited.as_secs().max(1)));
    Ok(WriteDoneStep { what: deed.what(), status: Some(status), answer: format!("{words}{waited}"), ok: true })
}

/// A registry that reckons ids in another way would have registered somebody else.
fn must_be_the_id(said: Option<&str>, wanted: &str) -> Result<(), Refusal> {
    match said {
        Some(said) if said == wanted => Ok(()),
        _ => Err(Refusal::new(
            "write.other_id",
            format!("The registry took it, and does not call it {wanted}"),
            "This is no registry that Beatkeeper knows; look at what it has registered.",
        )),
    }
}

/// What was refused, and what had been done before that.
fn after(steps: &[WriteDoneStep], refusal: Refusal) -> Refusal {
    if steps.is_empty() {
        return refusal;
    }
    let done: Vec<String> = steps.iter().map(|step| step.what.to_lowercase()).collect();
    let sentence = format!("{} (done before that: {})", refusal.sentence, done.join("; "));
    Refusal { sentence, ..refusal }
}
