/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.composite;

import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import ai.djl.util.Pair;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.SampleWeighting;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * A loss for data with several labels per sample: the weighted average or sum of the losses of the
 * labels.
 *
 * <p>With K labels, weights {@code w} (1 if not given) and a component loss {@code ℓk} for each,
 *
 * <pre>{@code
 * AVERAGE:  ℓ = Σk wk ℓk(yk, xk) / Σk wk
 * SUM:      ℓ = Σk wk ℓk(yk, xk)
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [y1, …, yK]}, each as its component expects, and then a mask or weights for
 *       each component with {@code optSampleWeighting}, in their order: {@code [y1, …, yK, m1, …,
 *       mK]} if all have it
 *   <li>{@code predictions: [x]}, shared by all labels, or {@code [x1, …, xK]}, one for each label
 *   <li>{@code out: ()}, if the components give a scalar; values of several shapes are an error
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>Each component applies its own reduction. The accumulator combines those of the labels in the
 * same way as the value combines their losses.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * // the mean absolute error over two labels of one prediction
 * Loss loss = Losses.multiLabelLoss(Losses.l1Loss(), 2);
 * NDArray value = loss.evaluate(new NDList(label1, label2), new NDList(prediction));
 * }</pre>
 *
 * <p>It replaces the pattern of the MindSpore tutorials, in which a {@code LossBase} takes {@code
 * (base, target1, target2)} and a {@code CustomWithLossCell} calls it. PyTorch has no such class.
 */
public final class MultiLabelLoss extends WeightedComponents {

    private static final int MAX_LABELS = 10_000;

    /** How the losses of the labels combine. */
    public enum Aggregation {
        /** Their weighted mean. */
        AVERAGE,
        /** Their weighted sum. */
        SUM
    }

    private MultiLabelLoss(String name, List<Loss> losses, double[] weights) {
        super(name, losses, weights);
    }

    /** {@inheritDoc} */
    @Override
    void check(NDList labels, NDList predictions) {
        int count = components.size();
        int weighted = weighted(count);
        if (labels.size() != count + weighted) {
            String after =
                    " and then " + weighted + ", the masks or weights of the losses with such";
            throw Checks.failure(
                    getName(),
                    "labels",
                    "hold " + count + " arrays, one for each loss" + (weighted == 0 ? "" : after),
                    labels.size() + " arrays");
        }
        if (predictions.size() != 1 && predictions.size() != count) {
            throw Checks.failure(
                    getName(),
                    "predictions",
                    "hold one array for all labels, or " + count + ", one for each",
                    predictions.size() + " arrays");
        }
    }

    /** {@inheritDoc} */
    @Override
    protected Pair<NDList, NDList> inputForComponent(
            int componentIndex, NDList labels, NDList predictions) {
        NDList own = new NDList(labels.get(componentIndex));
        if (isWeighted(componentIndex)) {
            own.add(labels.get(components.size() + weighted(componentIndex)));
        }
        return new Pair<>(
                own, new NDList(predictions.get(predictions.size() == 1 ? 0 : componentIndex)));
    }

    private boolean isWeighted(int component) {
        return components.get(component) instanceof AbstractLoss loss
                && loss.getSampleWeighting() != SampleWeighting.NONE;
    }

    /** Returns how many of the first components take a mask or weights. */
    private int weighted(int count) {
        return (int) IntStream.range(0, count).filter(this::isWeighted).count();
    }

    /**
     * Creates a builder with the defaults: AVERAGE, equal weights.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link MultiLabelLoss}. */
    public static final class Builder {

        private String name = "MultiLabelLoss";
        private List<Loss> losses = List.of();
        private Aggregation aggregation = Aggregation.AVERAGE;
        private double @Nullable [] weights;

        Builder() {}

        /**
         * Sets the display name (default MultiLabelLoss).
         *
         * @param name the display name
         * @return this {@code Builder}
         */
        public Builder optName(String name) {
            this.name = Objects.requireNonNull(name, "name");
            return this;
        }

        /**
         * Sets one loss for all labels.
         *
         * @param loss the loss
         * @param labels the number of labels, from 1 to 10,000
         * @return this {@code Builder}
         */
        public Builder setLoss(Loss loss, int labels) {
            Checks.require(
                    labels >= 1 && labels <= MAX_LABELS,
                    name,
                    "labels",
                    "be in [1, " + MAX_LABELS + "]",
                    labels);
            losses = Collections.nCopies(labels, Objects.requireNonNull(loss, "loss"));
            return this;
        }

        /**
         * Sets a separate loss for each label.
         *
         * @param losses the losses, in the order of the labels
         * @return this {@code Builder}
         */
        public Builder setLosses(Loss... losses) {
            for (Loss loss : Objects.requireNonNull(losses, "losses")) {
                Objects.requireNonNull(loss, "losses");
            }
            this.losses = List.of(losses);
            return this;
        }

        /**
         * Sets how the losses combine (default AVERAGE).
         *
         * @param aggregation the aggregation
         * @return this {@code Builder}
         */
        public Builder optAggregation(Aggregation aggregation) {
            this.aggregation = Objects.requireNonNull(aggregation, "aggregation");
            return this;
        }

        /**
         * Sets the weight of each label (default 1 for all).
         *
         * @param weights one number per label, finite
         * @return this {@code Builder}
         */
        public Builder optWeights(double... weights) {
            this.weights = Checks.weights(name, "weights", weights);
            return this;
        }

        /**
         * Builds the loss.
         *
         * @return the loss
         * @throws IllegalArgumentException if there is no loss, if the number of weights differs
         *     from that of the labels, or if weights for an average sum to 0
         */
        public MultiLabelLoss build() {
            Checks.require(
                    !losses.isEmpty(), name, "losses", "be set by setLoss or setLosses", "not set");
            double[] factors = new double[losses.size()];
            Arrays.fill(factors, 1);
            if (weights != null) {
                Checks.require(
                        weights.length == factors.length,
                        name,
                        "weights",
                        "have one number for each of the " + factors.length + " labels",
                        weights.length);
                factors = weights.clone();
            }
            if (aggregation == Aggregation.AVERAGE) {
                double sum = Arrays.stream(factors).sum();
                Checks.require(sum != 0, name, "weights", "not sum to 0 for AVERAGE", sum);
                factors = Arrays.stream(factors).map(factor -> factor / sum).toArray();
            }
            return new MultiLabelLoss(name, losses, factors);
        }
    }
}
