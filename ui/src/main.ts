import { mount } from "svelte";

import App from "./App.svelte";
import "./app.css";
import { openHost } from "./host";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
const host = await openHost();
// A page that cannot learn how it was begins as a new one.
const was = await host.pageWas().catch(() => null);
mount(App, { target, props: { host, was } });
