import { sentence } from "./frame.js";
export const heat = chart => ({ node: sentence(chart, "Soon.") });
