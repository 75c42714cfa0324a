/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.SimpleBuilder;

/** The absolute error, written on the library's base class, which reduces, checks and merges. */
final class MaeLoss extends ElementwiseLoss {

    private MaeLoss(SimpleBuilder<MaeLoss> builder) {
        super(builder);
    }

    static SimpleBuilder<MaeLoss> builder() {
        return new SimpleBuilder<>("MaeLoss", MaeLoss::new);
    }

    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return prediction.sub(label).abs();
    }
}
