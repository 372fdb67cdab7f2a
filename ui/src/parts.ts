import { part } from "./lib/part";

/** What the window can do without until somebody asks for it. */
export const PARTS = {
  addAgent: part(() => import("./setup/AddAgent.svelte")),
  alerts: part(() => import("./alerts/AlertsPage.svelte")),
  buses: part(() => import("./buses/Buses.svelte")),
  beats: part(() => import("./agent/Beats.svelte")),
  blackBox: part(() => import("./alerts/BlackBox.svelte")),
  doctor: part(() => import("./doctor/Doctor.svelte")),
  endDemo: part(() => import("./setup/EndDemo.svelte")),
  exportHistory: part(() => import("./agent/ExportHistory.svelte")),
  foundKeys: part(() => import("./setup/FoundKeys.svelte")),
  key: part(() => import("./agent/Key.svelte")),
  launch: part(() => import("./launch/LaunchForm.svelte")),
  log: part(() => import("./log/LogView.svelte")),
  palette: part(() => import("./palette/Palette.svelte")),
  project: part(() => import("./project/ProjectFolder.svelte")),
  process: part(() => import("./process/ProcessPanel.svelte")),
  repair: part(() => import("./repair/Repair.svelte")),
  removeAgents: part(() => import("./bulk/RemoveAgents.svelte")),
  signer: part(() => import("./process/SignerAudit.svelte")),
  shortcuts: part(() => import("./keys/ShortcutSheet.svelte")),
  timeline: part(() => import("./agent/Timeline.svelte")),
};
