// What a call costs, in pico-USD.

import { ascii, asciiLength } from '../../../policy/assembly/ascii';
import { proxy_get_property } from '../../../sdk/assembly/abi';
import { Status } from '../../../sdk/assembly/types';
import * as L from '../../../../packages/policy-image/src/layout';
import { priceAt, priceCount, stringAt, stringLength } from '../lookup';
import { matchesModel } from '../model-pattern';
import { FinalUsage } from '../usage/final-usage';
import { addSaturating, lessBy, multiplySaturating } from './saturating';

const TARGET = ascii('xds\0upstream_host_metadata\0filter_metadata\0hiclaw\0target');
const NO_TARGET: u32 = 0xffffffff;
const result: usize = memory.data(16, 8);

/** Set by findHighestPrices(): the most that any target asks for a token of input and of output. */
export let highestInput: u64 = 0;
export let highestOutput: u64 = 0;

/** Whether the first row that matches for its target is this one. */
function isFirst(image: usize, route: usize, row: u32, model: usize, length: usize): bool {
  const target = load<u32>(priceAt(image, route, row) + L.PRICE_TARGET);
  for (let before: u32 = 0; before < row; before++) {
    const price = priceAt(image, route, before);
    if (load<u32>(price + L.PRICE_TARGET) == target && matches(image, price, model, length)) return false;
  }
  return true;
}

function matches(image: usize, price: usize, model: usize, length: usize): bool {
  const pattern = price + L.PRICE_MODEL;
  return matchesModel(stringAt(image, pattern), stringLength(pattern), model, length);
}

/** False when no target has a price for the model. */
export function findHighestPrices(image: usize, route: usize, model: usize, length: usize): bool {
  highestInput = 0;
  highestOutput = 0;
  let found = false;
  const count = priceCount(route);
  for (let row: u32 = 0; row < count; row++) {
    const price = priceAt(image, route, row);
    if (!matches(image, price, model, length) || !isFirst(image, route, row, model, length)) continue;
    found = true;
    const write = load<u64>(price + L.PRICE_CACHE_WRITE);
    const cached = load<u64>(price + L.PRICE_CACHED_INPUT);
    highestInput = max(highestInput, max(load<u64>(price + L.PRICE_INPUT), max(write, cached)));
    highestOutput = max(highestOutput, load<u64>(price + L.PRICE_OUTPUT));
  }
  return found;
}

/** Price of the target for the model, or 0. */
function priceOfTarget(image: usize, route: usize, target: u32, model: usize, length: usize): usize {
  const count = priceCount(route);
  for (let row: u32 = 0; row < count; row++) {
    const price = priceAt(image, route, row);
    if (load<u32>(price + L.PRICE_TARGET) == target && matches(image, price, model, length)) return price;
  }
  return 0;
}

/** Index of the target that served the active stream last; NO_TARGET: none did, or it does not say. */
function servedBy(): u32 {
  store<usize>(result, 0);
  store<usize>(result + 4, 0);
  if (proxy_get_property(TARGET, asciiLength(TARGET), result, result + 4) != Status.Ok) return NO_TARGET;
  const text = load<usize>(result);
  const length = load<usize>(result + 4);
  if (length == 0 || length > 4) return NO_TARGET;
  let target: u32 = 0;
  for (let i: usize = 0; i < length; i++) {
    const digit = <u32>load<u8>(text + i) - 0x30;
    if (digit > 9) return NO_TARGET;
    target = target * 10 + digit;
  }
  return target;
}

/**
 * What the tokens of the active stream, which is over, cost with the target that served it; when that is not known, with
 * the prices of the most expensive one.
 */
export function costOf(
  image: usize,
  route: usize,
  model: usize,
  length: usize,
  usage: FinalUsage,
  inputPrice: u64,
  outputPrice: u64,
): u64 {
  const target = image == 0 || route == 0 ? NO_TARGET : servedBy();
  const price: usize = target == NO_TARGET ? 0 : priceOfTarget(image, route, target, model, length);
  if (price == 0) {
    return addSaturating(
      multiplySaturating(usage.input, inputPrice),
      multiplySaturating(usage.output, outputPrice),
    );
  }
  const plain = lessBy(usage.input, <u64>usage.cachedInput + <u64>usage.cacheWrite);
  const input = addSaturating(
    multiplySaturating(plain, load<u64>(price + L.PRICE_INPUT)),
    multiplySaturating(usage.cachedInput, load<u64>(price + L.PRICE_CACHED_INPUT)),
  );
  const write = multiplySaturating(usage.cacheWrite, load<u64>(price + L.PRICE_CACHE_WRITE));
  const output = multiplySaturating(usage.output, load<u64>(price + L.PRICE_OUTPUT));
  return addSaturating(addSaturating(input, write), output);
}
