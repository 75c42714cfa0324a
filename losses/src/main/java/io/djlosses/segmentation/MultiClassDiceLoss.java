/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.segmentation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.Goal;
import io.djlosses.api.Inputs;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Masks;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.ClassAxis;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The average of the {@link DiceLoss} of every class: a loss for segmentation into several classes
 * of unequal size.
 *
 * <pre>{@code
 * ℓ[c] = w[c] (1 − 2 Σ a(x)[:, c] y[:, c] / (Σ a(x)[:, c]² + Σ y[:, c]² + 1e-5)),
 *        0 if c = ignoreIndex        x prediction, a activation, y one-hot label
 * }</pre>
 *
 * <p>Use it if large classes would dominate a loss that averages over pixels. Sums run over the
 * batch and all positions.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(N, C)]} or {@code (N, C, d1, …, dK)}, one-hot or probabilities, of any
 *       type
 *   <li>{@code predictions: [(N, C)]} or {@code (N, C, d1, …, dK)}: logits, or probabilities with
 *       {@link Activation#NONE}
 *   <li>{@code out: ()}, or {@code (C)} with {@code NONE}
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>{@code MEAN} divides by C, the ignored class included, regardless of the weights. An
 * accumulator reports the average over batches.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = MultiClassDiceLoss.builder().optIgnoreIndex(0).build();
 * NDArray value = loss.evaluate(new NDList(oneHot), new NDList(logits));
 * }</pre>
 *
 * <p>Equivalent to {@code mindspore.nn.MultiClassDiceLoss(weights, ignore_indiex, activation)}; no
 * equivalent in PyTorch. Differences: the softmax runs over the classes, while there the default
 * axis is the last one for every rank, and {@code NONE} and {@code SUM} exist.
 *
 * @see <a href="https://arxiv.org/abs/1606.04797">Milletari et al. 2016, V-Net</a>
 */
public final class MultiClassDiceLoss extends AbstractLoss {

    private static final double SMOOTH = 1e-5;

    private static final Map<Activation, Script> SCRIPTS = scripts("y", "values");
    private static final Map<Activation, Script> WEIGHTED_SCRIPTS =
            scripts("y w", "torch.mul(values, w)");

    private final double @Nullable [] weights;
    private final @Nullable Integer ignoreIndex;
    private final Activation activation;

    private static Map<Activation, Script> scripts(String constants, String result) {
        Map<Activation, Script> scripts = new EnumMap<>(Activation.class);
        for (Activation activation : Activation.values()) {
            // A sum over both axes at once loses digits.
            String body =
                    """
                    n = torch.size(x, 0)
                    c = torch.size(x, 1)
                    p = torch.reshape(PROBABILITIES, [n, c, -1])
                    t = torch.reshape(y, [n, c, -1])
                    overlap = torch.sum(torch.sum(torch.mul(p, t), [2]), [0])
                    total = torch.sum(torch.sum(torch.square(p), [2]), [0])
                    total = torch.add(total, torch.sum(torch.sum(torch.square(t), [2]), [0]))
                    total = torch.add(total, SMOOTH)
                    values = torch.rsub(torch.div(overlap, total), 1., 2.)
                    return torch.mean(RESULT) if mean else torch.sum(RESULT)
                    """
                            .replace("PROBABILITIES", activation.probabilities)
                            .replace("SMOOTH", String.valueOf(SMOOTH))
                            .replace("RESULT", result);
            scripts.put(activation, Script.of("x", constants, "", body));
        }
        return scripts;
    }

    private MultiClassDiceLoss(Builder builder) {
        super(builder);
        weights = builder.weights;
        ignoreIndex = builder.ignoreIndex;
        activation = builder.activation;
    }

    /** The function that turns predictions into probabilities. */
    public enum Activation {
        /** The softmax over the classes, which exclude each other. */
        SOFTMAX("torch.softmax(x, 1)"),
        /** The logistic function, for independent classes. */
        SIGMOID("torch.sigmoid(x)"),
        /** None: predictions are probabilities. */
        NONE("x");

        private final String probabilities;

        Activation(String probabilities) {
            this.probabilities = probabilities;
        }

        NDArray of(NDArray x) {
            return switch (this) {
                case SOFTMAX -> x.size() == 0 ? x : x.softmax(1);
                case SIGMOID -> Nd.sigmoid(x);
                case NONE -> x;
            };
        }
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "one-hot");
        Checks.count(getName(), "predictions", predictions, "prediction");
        NDArray prediction = predictions.get(0);
        Checks.rank(
                getName(),
                "predictions[0]",
                prediction,
                2,
                Integer.MAX_VALUE,
                "(N, C) or (N, C, …)");
        ClassAxis.check(getName(), prediction, "weights", weights);
        Shape shape = prediction.getShape();
        Checks.shape(
                getName(), "labels[0]", labels.get(0).getShape(), shape, "match predictions[0]");
        if (ignoreIndex != null && ignoreIndex >= shape.get(1)) {
            throw Checks.failure(
                    getName(),
                    "ignoreIndex",
                    "be one of the " + shape.get(1) + " classes of predictions[0]",
                    ignoreIndex);
        }
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        return predictions.get(0).getShape().slice(1, 2);
    }

    /**
     * Hides classes: their labels, and their predictions, except that other classes need all logits
     * of a softmax.
     */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        NDArray x = predictions.get(0);
        long[] sizes = new long[x.getShape().dimension()];
        Arrays.fill(sizes, 1);
        sizes[1] = mask.size();
        NDArray wide = mask.reshape(new Shape(sizes));
        NDArray ofLogits = activation == Activation.SOFTMAX ? Nd.any(wide, 1) : wide;
        return new Inputs(
                new NDList(Masks.shown(wide, Nd.cast(labels.get(0), x), 0)),
                new NDList(Masks.shown(ofLogits, x, 0)));
    }

    /** Hides the ignored class. */
    private Inputs kept(NDList labels, NDList predictions) {
        if (ignoreIndex == null || predictions.get(0).size() == 0) {
            return new Inputs(labels, predictions);
        }
        NDArray x = predictions.get(0);
        double[] kept = new double[classes(x)];
        Arrays.fill(kept, 1);
        kept[ignoreIndex] = 0;
        NDArray mask = Nd.create(x.getManager(), kept, new Shape(kept.length), x.getDataType());
        return masked(mask.gt(0), labels, predictions);
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        Inputs kept = kept(labels, predictions);
        NDArray x = activation.of(kept.predictions().get(0));
        NDArray y = Nd.cast(kept.labels().get(0), x);
        NDArray overlap = sum(x.mul(y)); // [C]
        NDArray total = sum(x.square()).add(sum(y.square())).add(SMOOTH);
        NDArray values = DiceLoss.of(overlap, total); // [C]
        return Terms.of(isWeighted() ? values.mul(factors(values, classes(x))) : values);
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        Inputs kept = kept(labels, predictions);
        NDArray x = kept.predictions().get(0);
        NDArray y = Nd.cast(kept.labels().get(0), x);
        Script script = (isWeighted() ? WEIGHTED_SCRIPTS : SCRIPTS).get(activation);
        List<NDArray> arrays = isWeighted() ? List.of(x, y, factors(x, classes(x))) : List.of(x, y);
        return new Reading.Call(Objects.requireNonNull(script), Divisor.of(classes(x)), arrays);
    }

    /** Sums over all axes except the class axis. */
    private static NDArray sum(NDArray x) {
        Shape shape = x.getShape();
        if (x.size() == 0) {
            return x.getManager().zeros(shape.slice(1, 2), x.getDataType()).add(x.sum());
        }
        NDArray rows = x; // [N, C]
        if (shape.dimension() > 2) {
            rows = Nd.sum(x.reshape(shape.get(0), shape.get(1), -1), 2);
        }
        return Nd.sum(rows, 0);
    }

    private boolean isWeighted() {
        return weights != null || ignoreIndex != null;
    }

    private static int classes(NDArray x) {
        return (int) x.getShape().get(1);
    }

    private NDArray factors(NDArray like, int classes) {
        double[] factors = new double[classes];
        Arrays.fill(factors, 1);
        if (weights != null) {
            System.arraycopy(weights, 0, factors, 0, classes);
        }
        if (ignoreIndex != null) {
            factors[ignoreIndex] = 0;
        }
        return Nd.create(like.getManager(), factors, new Shape(classes), like.getDataType());
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), Reading.script(this::call));
    }

    /**
     * Creates a builder with the defaults: no weights, no ignored class, {@link
     * Activation#SOFTMAX}, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link MultiClassDiceLoss}. */
    public static final class Builder extends LossBuilder<MultiClassDiceLoss, Builder> {

        private double @Nullable [] weights;
        private @Nullable Integer ignoreIndex;
        private Activation activation = Activation.SOFTMAX;

        Builder() {
            super("MultiClassDiceLoss", MultiClassDiceLoss::new);
        }

        /**
         * Sets the weight of each class (default 1 for all).
         *
         * @param weights one number per class, finite and non-negative
         * @return this {@code Builder}
         */
        public Builder optWeights(double... weights) {
            this.weights = weights("weights", weights);
            return this;
        }

        /**
         * Sets a class whose loss is 0, such as the background (default none).
         *
         * @param ignoreIndex the class, non-negative
         * @return this {@code Builder}
         */
        public Builder optIgnoreIndex(int ignoreIndex) {
            this.ignoreIndex =
                    require("ignoreIndex", ignoreIndex, ignoreIndex >= 0, "be at least 0");
            return this;
        }

        /**
         * Sets the function that turns predictions into probabilities (default {@link
         * Activation#SOFTMAX}).
         *
         * @param activation the activation
         * @return this {@code Builder}
         */
        public Builder optActivation(Activation activation) {
            this.activation = set("activation", activation);
            return this;
        }
    }
}
