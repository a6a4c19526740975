// A pickup code as bars that every scanner reads (Code 39), drawn as SVG.

const PATTERNS = {
  0: "nnnwwnwnn", 1: "wnnwnnnnw", 2: "nnwwnnnnw", 3: "wnwwnnnnn", 4: "nnnwwnnnw", 5: "wnnwwnnnn", 6: "nnwwwnnnn",
  7: "nnnwnnwnw", 8: "wnnwnnwnn", 9: "nnwwnnwnn", "*": "nwnnwnwnn",
};
const SVG = "http://www.w3.org/2000/svg";

export function bars(digits) {
  const drawing = document.createElementNS(SVG, "svg");
  let x = 10;
  for (const sign of `*${digits}*`) {
    [...PATTERNS[sign]].forEach((width, place) => {
      const wide = width === "w" ? 3 : 1;
      if (place % 2 === 0) {
        const bar = document.createElementNS(SVG, "rect");
        for (const [name, value] of Object.entries({ x, y: 0, width: wide, height: 30 })) bar.setAttribute(name, value);
        drawing.append(bar);
      }
      x += wide;
    });
    x += 1;
  }
  drawing.setAttribute("viewBox", `0 0 ${x + 10} 30`);
  drawing.setAttribute("class", "bars");
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", digits);
  return drawing;
}
