import { expect, it } from "vitest";

import { toldOf } from "./host";

it("a problem is told in sentences, whether or not the engine has ended its own", () => {
  expect(toldOf({ sentence: "a is not in the configuration", remedy: "Add it." })).toBe(
    "a is not in the configuration. Add it.",
  );
  expect(toldOf({ sentence: "It cannot be written.", remedy: "" })).toBe("It cannot be written.");
  expect(toldOf({ sentence: "Is it there?", remedy: "Look." })).toBe("Is it there? Look.");
});
