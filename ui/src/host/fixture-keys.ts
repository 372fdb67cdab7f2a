import type { FoundKey } from "./host";

const key = (name: string, more: Partial<FoundKey>): FoundKey => ({
  path: `/home/dev/.zynd/agents/${name}/keypair.json`,
  of: "agent",
  name,
  id: "zns:56475aa75463474c0285df5dbf2bcab7",
  registry: "https://zns01.zynd.ai",
  mode: "0600",
  loose: false,
  index: null,
  project: null,
  known: false,
  problem: null,
  ...more,
});

/** Keys as a developer's computer has them: new, loose, broken, known, and one in a project. */
export const demoKeys = (): FoundKey[] => [
  key("weather-bot", {}),
  key("py-agent", { mode: "0644", loose: true }),
  key("maps", { of: "service", path: "/home/dev/.zynd/services/maps/keypair.json" }),
  key("half-written", { id: null, problem: "the file is not JSON: it ends too early" }),
  key("already", { known: true }),
  key("developer", {
    of: "developer",
    path: "/home/dev/.zynd/developer.json",
    id: "zns:dev:56475aa75463474c",
  }),
  key("side-project", { path: "/home/dev/code/side/.agent/config.json", project: "/home/dev/code/side" }),
];
