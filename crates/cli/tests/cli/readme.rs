//! What the README says of files and commands is true.

use crate::stage::Stage;

const README: &str = include_str!("../../../../README.md");

#[test]
fn the_configuration_in_the_readme_is_one() {
    let text = README.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let stage = Stage::new();
    stage.write("beatkeeper.toml", text);
    let listed = stage.json(&["agent", "list", "--json"]);
    assert_eq!(listed["agents"][0]["name"], "weather-agent");
    assert_eq!(listed["agents"][0]["registry"]["url"], "https://zns01.zynd.ai");
}

#[test]
fn every_command_in_the_readme_exists() {
    let stage = Stage::new();
    let table = README.split("## The command line").nth(1).and_then(|rest| rest.split("\n\n").nth(1)).unwrap();
    let mut commands = 0;
    for row in table.lines().skip(2) {
        let command = row.trim_start_matches("| ").split('`').nth(1).unwrap();
        let is_word = |word: &&str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c == '-' || c.is_ascii_lowercase())
        };
        let words = command.split(' ').take_while(is_word);
        let mut arguments: Vec<&str> = words.collect();
        arguments.push("--help");
        let help = stage.ok(&arguments);
        let options =
            command.split(|c: char| c != '-' && !c.is_ascii_lowercase()).filter(|word| word.starts_with("--"));
        for option in options {
            assert!(help.contains(option), "{command}: {option}");
        }
        commands += 1;
    }
    assert!(commands >= 10, "{table}");
}
