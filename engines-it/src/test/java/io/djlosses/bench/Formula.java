/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.ndarray.NDArray;

/** One way to compute a loss. */
@FunctionalInterface
interface Formula {

    NDArray of(Case input);
}
