/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.symbolic.Recorder;

import org.jspecify.annotations.Nullable;

import java.util.function.Function;

/**
 * A formula of small arrays other than labels and predictions, such as parameters. An engine that
 * runs graphs runs it in one call.
 */
public final class RecordedFormula {

    private final Recorder recorder = new Recorder();
    private final Function<NDArray, NDArray> formula;

    /**
     * Creates a recorded formula.
     *
     * @param formula the formula, which must always compute the same result from the same array
     */
    public RecordedFormula(Function<NDArray, NDArray> formula) {
        this.formula = formula;
    }

    /**
     * Computes the formula.
     *
     * @param array the array
     * @return the result, or null if it has to be computed in another way, because the array is
     *     large or the formula cannot be recorded
     */
    public @Nullable NDArray of(NDArray array) {
        if (array.size() >= Thresholds.GRAPH) {
            return null;
        }
        Recorder.Results results =
                recorder.run(
                        "formula",
                        new NDList(array),
                        given -> new Recorder.Results(new NDList(formula.apply(given.head())), 0));
        return results == null ? null : results.heads().head();
    }
}
