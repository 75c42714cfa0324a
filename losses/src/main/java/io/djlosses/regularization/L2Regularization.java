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
 * The L2 penalty on the parameters of a model, which keeps weights small.
 *
 * <p>Add it to a loss with {@link io.djlosses.composite.WeightedSumLoss}. With the chosen
 * parameters {@code w},
 *
 * <pre>{@code
 * SQUARED:       ℓ = λ Σ w²          gradient 2λw
 * HALF_SQUARED:  ℓ = ½ λ Σ w²        gradient λw
 * }</pre>
 *
 * <p>Under plain SGD, {@code HALF_SQUARED} takes the same step as weight decay λ in the optimizer;
 * under Adam the two differ.
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
 * Loss objective = Losses.sum(Losses.mseLoss(), Losses.l2Regularization(model.getBlock(), 1e-3));
 * }</pre>
 *
 * <p>{@code SQUARED} is the convention of DJL's {@code L2WeightDecay} (which holds a fixed list of
 * arrays instead) and of {@code tf.keras.regularizers.L2}, {@code HALF_SQUARED} that of the PyTorch
 * tutorials and of {@code weight_decay} in PyTorch's and MindSpore's SGD.
 *
 * @see <a href="https://doi.org/10.1080/00401706.1970.10488634">Hoerl, Kennard 1970, Ridge
 *     Regression</a>
 */
public final class L2Regularization extends ParameterPenalty {

    /** An inner product carries the gradient 2x, but is not exact enough for the value. */
    private static final Script SCRIPT =
            Script.of(
                    "x",
                    "factor",
                    """
                    if torch.numel(x) < 4096:
                      sum = torch.sum(torch.square(x))
                      return sum if factor == 1. else sum * factor
                    flat = torch.flatten(x)
                    constant = torch.detach(flat)
                    total = torch.zeros([], dtype=7)
                    for i in range((torch.numel(x) + block - 1) // block):
                      total.add_(torch.square(constant[i * block:i * block + block]).sum())
                    result = torch.dot(flat, constant) * (2. * factor)
                    result.detach().copy_(total * factor)
                    return result
                    """);

    /** Whether the squares are halved. */
    public enum Convention {
        /** λ Σ w². */
        SQUARED,
        /** ½ λ Σ w², whose gradient is λw. */
        HALF_SQUARED;

        double factor() {
            return this == SQUARED ? 1 : 0.5;
        }
    }

    private final double factor;

    private L2Regularization(Builder builder) {
        super(builder);
        factor = builder.lambda * builder.convention.factor();
    }

    /** {@inheritDoc} */
    @Override
    NDArray formula(NDArray parameter) {
        return Nd.mul(Nd.sum(parameter.square()), factor);
    }

    /** {@inheritDoc} */
    @Override
    NDArray penalty(NDArray parameter) {
        NDArray sum = Constants.sumOfSquares(parameter);
        return sum.mul(Nd.num(sum, factor));
    }

    /** {@inheritDoc} */
    @Override
    NDArray gradient(NDArray parameter) {
        return parameter.mul(Nd.num(parameter, 2 * factor));
    }

    /** {@inheritDoc} */
    @Override
    Reading.Call call(NDArray parameter) {
        return new Reading.Call(SCRIPT, Divisor.of(1), List.of(parameter), factor);
    }

    /**
     * Creates a builder with the defaults: λ = 1, SQUARED, all trainable weights.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct an {@link L2Regularization}. */
    public static final class Builder extends ParameterPenalty.Builder<L2Regularization, Builder> {

        private double lambda = 1;
        private Convention convention = Convention.SQUARED;

        Builder() {
            super("L2Regularization", L2Regularization::new);
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

        /**
         * Sets whether the squares are halved (default SQUARED).
         *
         * @param convention the convention
         * @return this {@code Builder}
         */
        public Builder optConvention(Convention convention) {
            this.convention = set("convention", convention);
            return this;
        }
    }
}
