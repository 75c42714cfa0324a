/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.Reduction;
import ai.djl.ndarray.NDArray;


/** The absolute error, written on the library's base class, which reduces, checks and merges. */
final class MaeLoss extends ElementwiseLoss {

    MaeLoss(Reduction reduction) {
        super("MaeLoss", reduction);
    }

    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return prediction.sub(label).abs();
    }
}
