/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.composite;

import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import ai.djl.util.Pair;

import io.djlosses.api.Checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A weighted sum of losses, for objectives such as loss plus regularization.
 *
 * <pre>{@code
 * ℓ = Σi wi ℓi
 * }</pre>
 *
 * <p>Every component receives all labels and predictions; to pass it only some of them, wrap it in
 * DJL's {@code IndexLoss}. Components may be losses of this library, losses of DJL, or your own.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels, predictions}: what the components expect
 *   <li>{@code out: ()}, if all components give a scalar; values of several shapes, such as
 *       unreduced ones and a penalty, are an error
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>Each component applies its own reduction. The accumulator is the weighted sum of the
 * accumulators of the components, so it is exact also over batches of unequal size. A batch that is
 * an error for one component is added to none.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss objective = Losses.sum(Losses.crossEntropyLoss(), Losses.l2Regularization(block, 1e-4));
 *
 * Loss multiTask = WeightedSumLoss.builder()
 *         .addLoss(1.0, Losses.crossEntropyLoss())
 *         .addLoss(0.5, Losses.huberLoss())
 *         .build();
 * }</pre>
 *
 * <p>PyTorch and MindSpore add losses with {@code +}. DJL's {@code SimpleCompositeLoss} has no
 * weights.
 */
public final class WeightedSumLoss extends WeightedComponents {

    private WeightedSumLoss(Builder builder) {
        super(
                builder.name,
                builder.losses,
                builder.weights.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** {@inheritDoc} */
    @Override
    void check(NDList labels, NDList predictions) {}

    /** {@inheritDoc} */
    @Override
    protected Pair<NDList, NDList> inputForComponent(
            int componentIndex, NDList labels, NDList predictions) {
        return new Pair<>(labels, predictions);
    }

    /**
     * Creates a builder without components.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link WeightedSumLoss}. */
    public static final class Builder {

        private String name = "WeightedSumLoss";
        private final List<Loss> losses = new ArrayList<>();
        private final List<Double> weights = new ArrayList<>();

        Builder() {}

        /**
         * Sets the display name (default WeightedSumLoss).
         *
         * @param name the display name
         * @return this {@code Builder}
         */
        public Builder optName(String name) {
            this.name = Objects.requireNonNull(name, "name");
            return this;
        }

        /**
         * Adds a component with weight 1.
         *
         * @param loss the component
         * @return this {@code Builder}
         */
        public Builder addLoss(Loss loss) {
            return addLoss(1, loss);
        }

        /**
         * Adds a component.
         *
         * @param weight the weight, a finite number
         * @param loss the component
         * @return this {@code Builder}
         */
        public Builder addLoss(double weight, Loss loss) {
            weights.add(Checks.finite(name, "weight", weight));
            losses.add(Objects.requireNonNull(loss, "loss"));
            return this;
        }

        /**
         * Builds the loss.
         *
         * @return the loss
         * @throws IllegalArgumentException if no component has been added
         */
        public WeightedSumLoss build() {
            Checks.require(!losses.isEmpty(), name, "losses", "hold at least one loss", "empty");
            return new WeightedSumLoss(this);
        }
    }
}
