import { mount } from "svelte";

import App from "./App.svelte";
import "./app.css";
import { openHost } from "./host";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
const host = await openHost();
mount(App, { target, props: { host } });
