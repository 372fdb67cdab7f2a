/** Hexadecimal digits in groups of four, as the eye takes them. */
export const grouped = (digits: string): string => digits.match(/.{1,4}/g)?.join(" ") ?? digits;
