import { fireEvent, render, screen } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import NumberField from "./NumberField.svelte";

const input = () => screen.getByTestId<HTMLInputElement>("port");
const problem = () => screen.queryByTestId("port-problem")?.textContent ?? null;

/** What its owner sees after each text. */
async function typed(props: object, texts: string[]): Promise<unknown[]> {
  const owner = $state<{ value: number | null }>({ value: 587 });
  render(NumberField, {
    id: "port",
    label: "Port",
    ...props,
    get value() {
      return owner.value;
    },
    set value(next: number | null) {
      owner.value = next;
    },
  });
  const seen: unknown[] = [];
  for (const text of texts) {
    await fireEvent.input(input(), { target: { value: text } });
    expect(input().value, "what is typed stays").toBe(text);
    expect(input().getAttribute("aria-invalid")).toBe(String(Number.isNaN(owner.value)));
    expect(input().getAttribute("aria-describedby")).toBe(Number.isNaN(owner.value) ? "port-problem" : null);
    expect(problem() === null).toBe(!Number.isNaN(owner.value));
    seen.push(owner.value);
  }
  return seen;
}

describe("a field for a number", () => {
  it("gives whole numbers within its range, and else that there is none", async () => {
    const texts = ["1", " 65535 ", "007", "0", "65536", "-1", "1.5", "1,5", "1e3", "0x10", "", " ", "٣"];
    const wrong = Array.from({ length: 10 }, () => NaN);
    expect(await typed({ least: 1, most: 65_535 }, texts)).toEqual([1, 65_535, 7, ...wrong]);
    expect(problem()).toBe("Give a whole number from 1 to 65,535.");
  });

  it("holds no more than the engine does", async () => {
    expect(await typed({}, ["4294967295", "4294967296"])).toEqual([4_294_967_295, NaN]);
    expect(problem()).toBe("Give a whole number from 0 on.");
  });

  it("may be left empty where nothing need be typed", async () => {
    expect(await typed({ optional: true }, ["25", "", "x"])).toEqual([25, null, NaN]);
    expect(problem()).toBe("Give a whole number from 0 on, or nothing.");
  });
});
