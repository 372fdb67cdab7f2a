//! Programs of the user's, where a job takes the place of a process group.

use beatkeeper_engine::settings::{ChannelEntry, ChannelKind};

use crate::scene::{Begin, notice, until};

/// Leaves a helper behind and ends.
const PROGRAM: &str = "@start \"\" /b cmd /c \"%~dp0helper.cmd\"\r\n@exit /b 0\r\n";
/// Waits for a sign, and gives one.
const HELPER: &str = ":again\r\n@if exist \"%~dp0stop\" goto done\r\n@ping -n 2 127.0.0.1 >nul\r\n@goto again\r\n\
                      :done\r\n@echo x> \"%~dp0seen\"\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_leaves_running_is_neither_waited_for_nor_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("on-alert.cmd"), PROGRAM).unwrap();
    std::fs::write(path("helper.cmd"), HELPER).unwrap();
    let entry = ChannelEntry { program: Some(path("on-alert.cmd")), ..ChannelEntry::new("me", ChannelKind::Command) };
    let scene = Begin::with([entry]).start();
    scene.post.send(notice(7));
    assert_eq!(scene.delivered(7, "me").attempts, 1);
    std::fs::write(path("stop"), "").unwrap();
    assert!(until(|| path("seen").exists().then_some(())).is_some(), "it was ended, too");
}
