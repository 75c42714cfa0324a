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
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.ClassAxis;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * One minus the Dice coefficient, which measures the overlap of two sets: a loss for segmenting
 * small objects.
 *
 * <p>Use it, alone or added to a cross entropy, if the background would dominate a loss that
 * averages over pixels; {@link MultiClassDiceLoss} is for several classes. Predictions are
 * probabilities: no activation is applied.
 *
 * <pre>{@code
 * ℓ = 1 − 2 Σ x y / (Σ x² + Σ y² + smooth)        x prediction, y label
 * }</pre>
 *
 * <p>Sums run over the whole array, batch included. Because smooth is only in the denominator, the
 * loss of an empty prediction for an empty label is 1.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape and type; or for predictions of several classes class
 *       indices {@code (N, d1, …, dK)} of any integer or floating-point type or BOOLEAN, also with
 *       a class axis of size 1, which stand for one-hot labels
 *   <li>{@code predictions: [(*)]}, same shape as the label; or {@code (N, C, d1, …, dK)}
 *   <li>{@code optClassAxis} moves the classes to another axis of the predictions; it matters for
 *       class indices alone
 *   <li>{@code out: ()}
 *   <li>{@code MASK}: the shape of the predictions, that of the class indices, or their leading
 *       axes; it leaves elements out of all sums, as {@code optIgnoreIndex} does
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>There is one value for the whole batch, so {@code NONE}, {@code SUM} and {@code MEAN} are the
 * same. An accumulator reports the average over batches, which is not the loss of all batches
 * together.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = Losses.diceLoss();
 * NDArray value = loss.evaluate(new NDList(mask), new NDList(probabilities));
 * }</pre>
 *
 * <p>Equivalent to {@code mindspore.nn.DiceLoss(smooth)}; no equivalent in PyTorch. Differences:
 * class indices, and elements that are left out. Keras's {@code Dice} is another: it divides by Σx
 * + Σy, not by the sums of squares.
 *
 * @see <a href="https://arxiv.org/abs/1606.04797">Milletari et al. 2016, V-Net</a>
 */
public final class DiceLoss extends AbstractLoss {

    private static final Script SCRIPT =
            Script.of(
                    "x",
                    "y",
                    "smooth=1e-5",
                    """
                    x1 = torch.flatten(torch.detach(x))
                    y1 = torch.flatten(y)
                    blocks = (torch.numel(x1) + block - 1) // block
                    overlap = torch.zeros([], dtype=7)
                    total = torch.zeros([], dtype=7).add_(smooth)
                    for i in range(blocks):
                      a = x1[i * block:i * block + block]
                      b = y1[i * block:i * block + block]
                      overlap.add_(torch.sum(torch.mul(a, b)))
                      total.add_(torch.sum(torch.square(a))).add_(torch.sum(torch.square(b)))
                    d = float(total)
                    k = float(overlap) / d
                    value = torch.empty_like(x1[0])
                    if gradient:
                      dx = torch.empty_like(x1)
                      for i in range(blocks):
                        part = dx[i * block:i * block + block]
                        torch.mul(y1[i * block:i * block + block], -2. / d, out=part)
                        part.add_(x1[i * block:i * block + block], alpha=4. * k / d)
                      value = torch.dot(torch.flatten(x), dx)
                    torch.detach(value).fill_(1. - 2. * k)
                    return value
                    """);

    private final double smooth;
    private final @Nullable Long ignoreIndex;
    private final ClassAxis classAxis;

    private DiceLoss(Builder builder) {
        super(builder);
        smooth = builder.smooth;
        ignoreIndex = builder.ignoreIndex;
        classAxis = builder.classAxis;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "label");
        Checks.count(getName(), "predictions", predictions, "prediction");
        Overlap.check(this, classAxis, labels, predictions);
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        return new Shape();
    }

    /** {@inheritDoc} */
    @Override
    protected Shape maskedShape(NDList labels, NDList predictions) {
        Shape label = labels.get(0).getShape();
        Shape shape = predictions.get(0).getShape();
        return Overlap.isIndex(classAxis, label, shape) ? classAxis.without(shape) : label;
    }

    /** {@inheritDoc} */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        return Overlap.maskedElements(classAxis, mask, labels, predictions);
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        Overlap given = Overlap.ofElements(this, classAxis, labels, predictions, ignoreIndex);
        NDArray x = given.shown(given.prediction());
        NDArray y = given.label();
        NDArray sizes = Nd.sum(x.square()).add(Nd.sum(y.square()));
        return Terms.of(of(Nd.sum(x.mul(y)), sizes.add(Nd.num(sizes, smooth))));
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        Overlap given = Overlap.ofElements(this, classAxis, labels, predictions, ignoreIndex);
        return given.kept() != null
                ? null
                : new Reading.Call(
                        SCRIPT, Divisor.of(1), List.of(given.prediction(), given.label()), smooth);
    }

    /** Returns 1 − 2 overlap / total. */
    static NDArray of(NDArray overlap, NDArray total) {
        NDArray dice = overlap.div(total);
        return Nd.mul(dice, -2).add(Nd.num(dice, 1));
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), Reading.script(this::call));
    }

    /**
     * Creates a builder with the defaults: smooth 1e-5.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link DiceLoss}. */
    public static final class Builder extends LossBuilder<DiceLoss, Builder> {

        private double smooth = 1e-5;
        private @Nullable Long ignoreIndex;
        private ClassAxis classAxis = ClassAxis.DEFAULT;

        Builder() {
            super("DiceLoss", DiceLoss::new);
        }

        /**
         * Sets the constant that keeps the denominator from being 0 (default 1e-5).
         *
         * @param smooth a finite number greater than 0
         * @return this {@code Builder}
         */
        public Builder optSmooth(double smooth) {
            this.smooth = positive("smooth", smooth);
            return this;
        }

        /**
         * Sets the label of the elements to leave out, such as void pixels (default none).
         *
         * @param ignoreIndex any number
         * @return this {@code Builder}
         */
        public Builder optIgnoreIndex(long ignoreIndex) {
            this.ignoreIndex = set("ignoreIndex", ignoreIndex);
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
