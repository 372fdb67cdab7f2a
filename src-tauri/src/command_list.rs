// Every command the window may call, once. The build script makes permissions of these names, and the app its handler;
// a test holds `capabilities/main.json` against them.
macro_rules! with_commands {
    ($then:ident) => {
        $then! {
            fleet_delta,
            beat_strips,
            agent_history,
            agent_export,
            agent_import,
            agent_generate,
            agent_derive,
            agent_remove,
            agent_set_paused,
            agent_retry,
            agent_restart,
            agent_snooze,
            agent_set_tags,
            agent_key,
            demo_start,
            demo_end,
            pause_alerts,
            registries,
            registry_add,
            pick_file,
            pick_folder,
            keys_find,
            keys_look,
            key_file_shred,
            engine_status,
            engine_start,
            page_was,
            page_drawn,
            page_release,
        }
    };
}
