//! Embeds the window and the icons, and gives each command a permission of its own.

include!("src/command_list.rs");

macro_rules! names {
    ($($name:ident,)*) => {
        &[$(stringify!($name)),*]
    };
}

fn main() {
    let commands = tauri_build::AppManifest::new().commands(with_commands!(names));
    let attributes = tauri_build::Attributes::new().app_manifest(commands);
    if let Err(error) = tauri_build::try_build(attributes) {
        panic!("the window cannot be embedded (was ui/dist built?): {error:#}");
    }
}
