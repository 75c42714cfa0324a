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
 *       type; or {@code (N)} or {@code (N, d1, …, dK)}, also with a class axis of size 1, class
 *       indices of any integer or floating-point type or BOOLEAN
 *   <li>{@code predictions: [(N, C)]} or {@code (N, C, d1, …, dK)}: logits, or probabilities with
 *       {@link Activation#NONE}
 *   <li>{@code optClassAxis} moves the classes to another axis of the predictions, and of labels
 *       with one number per class: with −1 the forms are {@code (N, d1, …, dK, C)} and {@code (N,
 *       d1, …, dK)}. It costs nothing if the classes are last, and a copy elsewhere
 *   <li>{@code out: ()}, or {@code (C)} with {@code NONE}
 *   <li>{@code MASK}: {@code (C)} leaves out classes; {@code (N)} or {@code (N, d1, …, dK)}, or its
 *       leading axes, leaves pixels out of all sums
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
    private final @Nullable Long ignoreIndex;
    private final Activation activation;
    private final ClassAxis classAxis;

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
        classAxis = builder.classAxis;
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
        classAxis.check(getName(), prediction, "weights", weights);
        Overlap.check(this, classAxis, labels, predictions);
        boolean isOneHot = labels.get(0).getShape().equals(prediction.getShape());
        long classes = classAxis.classes(prediction);
        if (isOneHot && ignoreIndex != null && (ignoreIndex < 0 || ignoreIndex >= classes)) {
            throw Checks.failure(
                    getName(),
                    "ignoreIndex",
                    "be one of the " + classes + " classes of predictions[0] with one-hot labels",
                    ignoreIndex);
        }
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        NDArray label = labels.get(0);
        Shape shape = predictions.get(0).getShape();
        if (activation == Activation.SOFTMAX && label.getShape().equals(shape)) {
            classAxis.checkOther(getName(), "labels[0]", Nd.cast(label, predictions.get(0)));
        }
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        return new Shape(classAxis.classes(predictions.get(0)));
    }

    /** {@inheritDoc} */
    @Override
    protected Shape maskedShape(NDList labels, NDList predictions) {
        return classAxis.without(predictions.get(0).getShape());
    }

    /** {@inheritDoc} */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        NDArray x = predictions.get(0);
        Shape shape = mask.getShape();
        boolean isOne = shape.dimension() == 1;
        if (!isOne || (shape.get(0) != 1 && shape.get(0) != classAxis.classes(x))) {
            return Overlap.maskedPositions(classAxis, mask, labels, predictions);
        }
        NDArray label = labels.get(0);
        NDArray wide = classAxis.along(mask, x);
        if (label.getShape().equals(x.getShape())) {
            label = Masks.shown(wide, Nd.cast(label, x), 0);
        }
        return new Inputs(new NDList(label), new NDList(Masks.shown(ofLogits(wide), x, 0)));
    }

    /** Returns which logits are shown: all of them if other classes need them for a softmax. */
    private NDArray ofLogits(NDArray shownClasses) {
        return activation == Activation.SOFTMAX
                ? Nd.any(shownClasses.flatten(), 0).reshape(new Shape())
                : shownClasses;
    }

    /** Hides the ignored class of one-hot labels. */
    private Overlap overlap(NDList labels, NDList predictions) {
        Overlap given = Overlap.ofClasses(this, classAxis, labels, predictions, ignoreIndex);
        NDArray x = given.prediction();
        boolean isOneHot = labels.get(0).getShape().equals(predictions.get(0).getShape());
        if (ignoreIndex == null || !isOneHot || x.size() == 0) {
            return given;
        }
        double[] kept = new double[classes(x)];
        Arrays.fill(kept, 1);
        kept[ignoreIndex.intValue()] = 0;
        NDArray mask = ClassAxis.row(kept, x).gt(0);
        NDArray label = Masks.shown(mask, given.label(), 0);
        return new Overlap(Masks.shown(ofLogits(mask), x, 0), label, given.kept());
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        Overlap given = overlap(labels, predictions);
        NDArray x = given.shown(activation.of(given.shown(given.prediction())));
        NDArray y = given.label();
        NDArray overlap = sum(x.mul(y)); // [C]
        NDArray total = sum(x.square()).add(sum(y.square())).add(SMOOTH);
        NDArray values = DiceLoss.of(overlap, total); // [C]
        return Terms.of(isWeighted() ? values.mul(factors(values, classes(x))) : values);
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        Overlap given = overlap(labels, predictions);
        if (given.kept() != null) {
            return null;
        }
        NDArray x = given.prediction();
        NDArray y = given.label();
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
        if (ignoreIndex != null && ignoreIndex >= 0 && ignoreIndex < classes) {
            factors[ignoreIndex.intValue()] = 0;
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
        private @Nullable Long ignoreIndex;
        private Activation activation = Activation.SOFTMAX;
        private ClassAxis classAxis = ClassAxis.DEFAULT;

        Builder() {
            super("MultiClassDiceLoss", MultiClassDiceLoss::new);
        }

        /**
         * Sets the weight of each class (default 1 for all).
         *
         * @param weights one number per class, finite, and negative ones only without strict
         *     validation
         * @return this {@code Builder}
         */
        public Builder optWeights(double... weights) {
            this.weights = weights("weights", weights);
            return this;
        }

        /**
         * Sets a class whose loss is 0, such as the background (default none). With class indices
         * the elements of that class are left out of the other classes as well, and it may be any
         * number, such as that of void pixels.
         *
         * @param ignoreIndex the class
         * @return this {@code Builder}
         */
        public Builder optIgnoreIndex(long ignoreIndex) {
            this.ignoreIndex = set("ignoreIndex", ignoreIndex);
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

        /**
         * Sets the axis of the classes (default 1: (N, C, …), as in PyTorch). Set it to −1 for (N,
         * …, C), which sequence models and DJL's own losses have.
         *
         * @param classAxis the axis; a negative number counts from the end
         * @return this {@code Builder}
         */
        public Builder optClassAxis(int classAxis) {
            this.classAxis = new ClassAxis(set("classAxis", classAxis));
            return this;
        }
    }
}
