/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.regularization;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Divisor;
import io.djlosses.api.Reading;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import java.util.List;

/**
 * The L1 penalty on the parameters of a model, which drives weights to exactly 0.
 *
 * <p>Add it to a loss with {@link io.djlosses.composite.WeightedSumLoss}. With the chosen
 * parameters {@code w},
 *
 * <pre>{@code
 * ℓ = λ Σ |w|        gradient λ sign(w), 0 at 0
 * }</pre>
 *
 * <p>The parameters are those of the block or model at the time of each evaluation: by default all
 * trainable ones except biases and the scales and shifts of normalization. Frozen parameters are
 * left out; {@code optParameters} selects others. A parameter counts once, in however many blocks
 * it is. Nothing is copied, so the penalty follows training, loading and freezing. FLOAT16
 * parameters are summed in FLOAT32.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels}: ignored
 *   <li>{@code predictions: [(*), …]}: only their device, data type and manager are used
 *   <li>{@code out: ()}; every reduction gives the same value, and {@code MEAN} divides by 1
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss objective = Losses.sum(Losses.mseLoss(), Losses.l1Regularization(model.getBlock(), 1e-3));
 * }</pre>
 *
 * <p>Equivalent to the sum over {@code model.parameters()} that PyTorch users write by hand, to
 * {@code tf.keras.regularizers.L1}, and to DJL's {@code L1WeightDecay}, which holds a fixed list of
 * arrays instead.
 *
 * @see <a href="https://doi.org/10.1111/j.2517-6161.1996.tb02080.x">Tibshirani 1996, Regression
 *     Shrinkage and Selection via the Lasso</a>
 */
public final class L1Regularization extends ParameterPenalty {

    private static final Script SCRIPT =
            Script.of(
                    "x",
                    "factor",
                    """
                    sum = torch.sum(torch.abs(x))
                    return sum if factor == 1. else sum * factor
                    """);

    private final double lambda;

    private L1Regularization(Builder builder) {
        super(builder);
        lambda = builder.lambda;
    }

    /** {@inheritDoc} */
    @Override
    NDArray formula(NDArray parameter) {
        return Nd.mul(Nd.sum(parameter.abs()), lambda);
    }

    /** {@inheritDoc} */
    @Override
    NDArray penalty(NDArray parameter) {
        NDArray sum = Constants.sumOfAbs(parameter);
        return sum.mul(Nd.num(sum, lambda));
    }

    /** {@inheritDoc} */
    @Override
    NDArray gradient(NDArray parameter) {
        NDArray sign = Constants.sign(parameter);
        return lambda == 1 ? sign : sign.muli(Nd.num(parameter, lambda));
    }

    /** {@inheritDoc} */
    @Override
    Reading.Call call(NDArray parameter) {
        return new Reading.Call(SCRIPT, Divisor.of(1), List.of(parameter), lambda);
    }

    /**
     * Creates a builder with the defaults: λ = 1, all trainable weights.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct an {@link L1Regularization}. */
    public static final class Builder extends ParameterPenalty.Builder<L1Regularization, Builder> {

        private double lambda = 1;

        Builder() {
            super("L1Regularization", L1Regularization::new);
        }

        /**
         * Sets the strength of the penalty (default 1).
         *
         * @param lambda finite and non-negative
         * @return this {@code Builder}
         */
        public Builder optLambda(double lambda) {
            this.lambda = notNegative("lambda", lambda);
            return this;
        }
    }
}
