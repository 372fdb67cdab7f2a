//! What holds whatever happens.

use proptest::prelude::*;

use super::*;

fn any_step() -> impl Strategy<Value = (u8, u8, u64)> {
    (0_u8..13, 1_u8..6, 0_u64..40_000)
}

fn apply(fleet: &mut Fleet, kind: u8, number: u8, now: Time) {
    let agent = id(number);
    let event = match kind {
        0 => FleetEvent::AgentAdded(settings(number, BeatsBy::App), Box::default()),
        1 => FleetEvent::AgentRemoved(agent),
        2 => FleetEvent::Link(agent, LinkReport::Dialling { attempt: 1 }),
        3 => FleetEvent::Link(agent, LinkReport::Opened),
        4 => FleetEvent::Link(agent, LinkReport::Sent { at: now }),
        5 => heard(Activity::Heartbeat { id: agent, at: now }, now),
        6 => FleetEvent::Link(agent, LinkReport::Closed { code: 1006, failure: None }),
        7 => FleetEvent::Record { id: agent, asked_at: now, facts: None },
        8 => FleetEvent::Stream { registry: "r".into(), live: number.is_multiple_of(2) },
        9 => FleetEvent::Woke { slept: Duration::from_secs(u64::from(number) * 100) },
        10 => FleetEvent::AgentChanged(AgentSettings {
            paused: number.is_multiple_of(2),
            ..settings(number, BeatsBy::Agent)
        }),
        11 => FleetEvent::Snoozed(agent, number.is_multiple_of(2).then_some(now + Duration::from_secs(60))),
        _ => FleetEvent::Timeout,
    };
    fleet.handle(event, now);
    while fleet.poll_action().is_some() {}
}

proptest! {
    /// A window that starts with everything and takes in deltas shows what a window that starts now shows.
    #[test]
    fn deltas_on_a_snapshot_are_a_snapshot(steps in prop::collection::vec(any_step(), 1..150), pulls in prop::collection::vec(any::<bool>(), 150)) {
        let mut fleet = Fleet::default();
        let mut now = at(0);
        fleet.handle(FleetEvent::RegistrySet(registry()), now);
        let mut window: BTreeMap<EntityId, AgentRow> = BTreeMap::new();
        let mut since = 0;
        for (index, (kind, number, pause)) in steps.iter().enumerate() {
            now = now + Duration::from_millis(*pause);
            apply(&mut fleet, *kind, *number, now);
            if pulls[index] || index + 1 == steps.len() {
                let delta = fleet.delta_since(since, now);
                if delta.full {
                    window.clear();
                }
                window.extend(delta.rows.into_iter().map(|row| (row.id.clone(), row)));
                for gone in &delta.removed {
                    window.remove(gone);
                }
                since = delta.revision;
                let fresh: BTreeMap<_, _> = fleet.delta_since(0, now).rows.into_iter().map(|row| (row.id.clone(), row)).collect();
                prop_assert_eq!(&window, &fresh);
            }
        }
    }

    /// However beats come and stay away, an outage is told at most once as stale, once as offline and once as flapping, its
    /// end at most once and only after that, and no deadline lies in the past.
    #[test]
    fn one_outage_one_story(pauses in prop::collection::vec(0_u64..1200, 1..60)) {
        let mut scene = Scene::new(BeatsBy::App);
        scene.open_and_beat(at(0));
        let mut now = at(0);
        for pause in pauses {
            now = now + Duration::from_secs(pause);
            scene.until(now);
            scene.our_beat(now);
            prop_assert!(scene.fleet.poll_timeout().is_none_or(|due| due > now));
        }
        let mut open: Option<NoticeKind> = None;
        for kind in scene.told() {
            match kind {
                NoticeKind::Stale => prop_assert!(matches!(open, None | Some(NoticeKind::Flapping))),
                NoticeKind::Flapping => prop_assert!(open != Some(NoticeKind::Flapping)),
                NoticeKind::Offline => prop_assert!(open != Some(NoticeKind::Offline)),
                NoticeKind::Recovered => prop_assert!(open.is_some()),
                other => prop_assert!(false, "{other:?}"),
            }
            open = (kind != NoticeKind::Recovered).then_some(kind);
        }
    }

    /// Liveness only worsens in silence, and only a beat brings an agent back.
    #[test]
    fn silence_never_improves_an_agent(looks in prop::collection::vec(1_u64..400, 1..40)) {
        let mut scene = Scene::new(BeatsBy::Agent);
        scene.record(at(1), at(1));
        let rank = |liveness| Liveness::ALL.iter().position(|state| *state == liveness);
        let mut now = at(1);
        let mut worst = rank(Liveness::Active);
        for look in looks {
            now = now + Duration::from_secs(look);
            scene.until(now);
            let rank = rank(scene.row().liveness);
            prop_assert!(rank >= worst);
            worst = rank;
        }
    }
}
