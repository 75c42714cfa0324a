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
 * The elastic net: the sum of an L1 and an L2 penalty on the parameters of a model.
 *
 * <p>Add it to a loss with {@link io.djlosses.composite.WeightedSumLoss}. With the chosen
 * parameters {@code w},
 *
 * <pre>{@code
 * ℓ = λ1 Σ |w| + λ2 Σ w²        (½ λ2 Σ w² with HALF_SQUARED)
 * }</pre>
 *
 * <p>Like {@link L1Regularization} it gives sparse weights, but keeps groups of correlated weights
 * together.
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
 * Loss penalty = ElasticNetRegularization.builder()
 *         .setModel(model).optLambda1(1e-3).optLambda2(1e-4).build();
 * Loss objective = Losses.sum(Losses.mseLoss(), penalty);
 * }</pre>
 *
 * <p>Equivalent to {@code tf.keras.regularizers.L1L2} and to DJL's {@code ElasticNetWeightDecay},
 * which holds a fixed list of arrays instead. PyTorch has no such class.
 *
 * @see <a href="https://doi.org/10.1111/j.1467-9868.2005.00503.x">Zou, Hastie 2005, Regularization
 *     and Variable Selection via the Elastic Net</a>
 */
public final class ElasticNetRegularization extends ParameterPenalty {

    private static final Script SCRIPT =
            Script.closedForm("x", "", "lambda1 factor2")
                    .gradient("torch.sign(x, out=dx).mul_(lambda1).add_(x, alpha=2. * factor2)")
                    .value("torch.abs(x).sum() * lambda1 + torch.square(x).sum() * factor2")
                    .small(
                            """
                            slope = torch.sign(torch.detach(x))
                            if lambda1 != 1.:
                              slope.mul_(lambda1)
                            return torch.sum(x * torch.add(slope, x, alpha=factor2))
                            """)
                    .build();

    private final double lambda1;
    private final double factor2;

    private ElasticNetRegularization(Builder builder) {
        super(builder);
        lambda1 = builder.lambda1;
        factor2 = builder.lambda2 * builder.convention.factor();
    }

    /** {@inheritDoc} */
    @Override
    NDArray formula(NDArray parameter) {
        return Nd.mul(Nd.sum(parameter.abs()), lambda1)
                .add(Nd.mul(Nd.sum(parameter.square()), factor2));
    }

    /** {@inheritDoc} */
    @Override
    NDArray penalty(NDArray parameter) {
        NDArray absolute = Constants.sumOfAbs(parameter);
        NDArray squares = Constants.sumOfSquares(parameter);
        return absolute.mul(Nd.num(absolute, lambda1)).add(squares.mul(Nd.num(squares, factor2)));
    }

    /** {@inheritDoc} */
    @Override
    NDArray gradient(NDArray parameter) {
        return Constants.sign(parameter)
                .muli(Nd.num(parameter, lambda1))
                .addi(parameter.mul(Nd.num(parameter, 2 * factor2)));
    }

    /** {@inheritDoc} */
    @Override
    Reading.Call call(NDArray parameter) {
        return new Reading.Call(SCRIPT, Divisor.of(1), List.of(parameter), lambda1, factor2);
    }

    /**
     * Creates a builder with the defaults: λ1 = λ2 = 1, SQUARED, all trainable weights.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct an {@link ElasticNetRegularization}. */
    public static final class Builder
            extends ParameterPenalty.Builder<ElasticNetRegularization, Builder> {

        private double lambda1 = 1;
        private double lambda2 = 1;
        private L2Regularization.Convention convention = L2Regularization.Convention.SQUARED;

        Builder() {
            super("ElasticNetRegularization", ElasticNetRegularization::new);
        }

        /**
         * Sets the strength of the L1 penalty (default 1).
         *
         * @param lambda1 finite and non-negative
         * @return this {@code Builder}
         */
        public Builder optLambda1(double lambda1) {
            this.lambda1 = notNegative("lambda1", lambda1);
            return this;
        }

        /**
         * Sets the strength of the L2 penalty (default 1).
         *
         * @param lambda2 finite and non-negative
         * @return this {@code Builder}
         */
        public Builder optLambda2(double lambda2) {
            this.lambda2 = notNegative("lambda2", lambda2);
            return this;
        }

        /**
         * Sets whether the squares are halved (default SQUARED).
         *
         * @param convention the convention
         * @return this {@code Builder}
         */
        public Builder optConvention(L2Regularization.Convention convention) {
            this.convention = set("convention", convention);
            return this;
        }
    }
}
