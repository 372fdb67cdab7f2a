import { mount } from "svelte";

import App from "./App.svelte";
import "./app.css";
import { openHost } from "./host";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
const host = await openHost();
if (host) {
  // A page that cannot learn how it was begins as a new one.
  const was = await host.pageWas().catch(() => null);
  mount(App, { target, props: { host, was } });
} else target.textContent = "This is the window of the Beatkeeper desktop app, and shows agents only there.";
