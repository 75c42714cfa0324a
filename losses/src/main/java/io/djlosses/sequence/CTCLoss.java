/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.sequence;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Goal;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.internal.array.Gradients;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The connectionist temporal classification loss: the negative logarithm of the probability of a
 * target sequence, summed over all its alignments with the input.
 *
 * <p>Use it for speech, handwriting and other input whose labels are ordered but not aligned in
 * time. An alignment {@code π} gives each of the L steps of a sample a class or the blank;
 * collapsing repeats and then removing blanks must give the target {@code l} of length S:
 *
 * <pre>{@code
 * ℓ = −log Σπ Πt exp(x[t, π[t]])        over all alignments π of l
 * }</pre>
 *
 * <p>The scores {@code x} are log-probabilities, such as the output of a log-softmax. With {@code
 * optFromLogits} they are logits and the loss applies the log-softmax, in double precision, which
 * saves an operation and gives the most accurate gradient.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [targets, inputLengths, targetLengths]}, of any integer type or whole
 *       floating-point numbers. Targets are (N, S), where each row is used up to its length, or all
 *       targets concatenated along one axis; lengths are (N). Without a batch: (S), () and ()
 *   <li>or {@code labels: [targets]}, (N, S) or (S), where each target ends before its first {@code
 *       paddingValue} and every input has T steps
 *   <li>{@code predictions: [(T, N, C)]}, or (N, T, C) with {@code optBatchFirst}, the layout that
 *       a {@code Trainer} can split over devices; (T, C) without a batch. −∞ is a class that cannot
 *       occur. Steps beyond the input length are not read and have gradient 0
 *   <li>{@code out: ()}, or with {@code NONE} (N), which is () without a batch
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>{@code MEAN} divides each loss by its target length, or by 1 if that is 0, and averages over
 * the N samples. {@code SUM} and {@code NONE} do not divide by lengths.
 *
 * <h2>Invalid input</h2>
 *
 * <p>Lengths outside [0, T] and [0, S] and classes outside [0, C) are always rejected. A target
 * that does not fit into its input (it needs S steps, and one more for every repeated label) has
 * loss +∞ and gradient NaN, or 0 for both with {@code optZeroInfinity}; such a sample counts in the
 * mean. The alignments of an empty target are all blanks. A blank inside a target is treated like
 * any other label.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = CTCLoss.builder().optFromLogits(true).optZeroInfinity(true).build();
 * NDList labels = new NDList(targets, inputLengths, targetLengths);
 * NDArray value = loss.evaluate(labels, new NDList(logits));
 * }</pre>
 *
 * <p>The alignments are summed in Java, in double precision: predictions on a GPU are copied to the
 * host, and the gradient is copied back.
 *
 * <p>Equivalent to {@code torch.nn.CTCLoss(blank, reduction, zero_infinity)}. Differences: the
 * gradient is the derivative with respect to the log-probabilities, −1 times the probability that a
 * step emits a class, while PyTorch returns the gradient with respect to the logits even without a
 * log-softmax. After a log-softmax both are the same, except for targets that end with a blank, for
 * which PyTorch's gradient is not that of its value. Lengths must be arrays, targets out of range
 * are an error, an unbatched target may be longer than its length, and −∞ does not make the
 * gradient NaN. {@code mindspore.nn.CTCLoss} is the same as PyTorch's. MXNet's {@code CTCLoss} is
 * {@code optFromLogits(true)} with labels {@code [targets]} and {@code NONE}, but by default its
 * blank is the last class.
 *
 * @see <a href="https://doi.org/10.1145/1143844.1143891">Graves et al. 2006, Connectionist Temporal
 *     Classification</a>
 */
public final class CTCLoss extends AbstractLoss {

    private final int blank;
    private final boolean zeroInfinity;
    private final boolean fromLogits;
    private final boolean batchFirst;
    private final long paddingValue;

    private CTCLoss(Builder builder) {
        super(builder);
        blank = builder.blank;
        zeroInfinity = builder.zeroInfinity;
        fromLogits = builder.fromLogits;
        batchFirst = builder.batchFirst;
        paddingValue = builder.paddingValue;
    }

    // ------------------------------------------------------------------ checks

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        if (labels.size() != 1) {
            Checks.count(getName(), "labels", labels, "targets", "inputLengths", "targetLengths");
        }
        Checks.count(getName(), "predictions", predictions, fromLogits ? "logits" : "logProbs");
        String form = batchFirst ? "(N, T, C) or (T, C)" : "(T, N, C) or (T, C)";
        Checks.rank(getName(), "predictions[0]", predictions.get(0), 2, 3, form);
        Layout layout = new Layout(predictions.get(0).getShape(), batchFirst);
        if (layout.steps == 0 || layout.classes <= blank) {
            throw failure(
                    "predictions[0]",
                    "have at least 1 step and more than " + blank + " classes (the blank)",
                    form + " = " + predictions.get(0).getShape());
        }
        for (NDArray label : labels) {
            Checks.index(getName(), "labels", label);
            boolean isLength = label != labels.get(0);
            if (isLength && label.getDataType().isBoolean()) {
                throw Checks.failure(getName(), "labels", "hold lengths", label.getDataType());
            }
        }
        checkTargets(labels, layout);
        for (int i = 1; i < labels.size(); i++) {
            Shape shape = labels.get(i).getShape();
            boolean column = shape.dimension() == 2 && shape.get(1) == 1;
            if (shape.size() != layout.samples || (shape.dimension() > 1 && !column)) {
                Shape required = layout.batched ? new Shape(layout.samples) : new Shape();
                Checks.shape(
                        getName(), "labels[" + i + "]", shape, required, "match predictions[0]");
            }
        }
    }

    private void checkTargets(NDList labels, Layout layout) {
        Shape shape = labels.get(0).getShape();
        boolean rows = shape.dimension() == 2 && shape.get(0) == layout.samples;
        boolean flat = shape.dimension() == 1 && (labels.size() > 1 || !layout.batched);
        if (!rows && !flat) {
            String form = layout.batched ? "(N, S) with N = " + layout.samples : "(S)";
            String also = layout.batched && labels.size() > 1 ? ", or one axis" : "";
            throw failure("labels[0] (targets)", "have shape " + form + also, shape);
        }
    }

    /** The bounds of the targets and inputs of the samples. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Samples(long[] targets, int[] begins, int[] lengths, int[] inputLengths) {}

    private Samples samples(NDList labels, Layout layout) {
        long[] targets = Nd.toLongs(labels.get(0));
        Shape shape = labels.get(0).getShape();
        boolean concatenated = layout.batched && shape.dimension() == 1;
        int width = concatenated ? targets.length : (int) shape.get(shape.dimension() - 1);
        int[] inputLengths = new int[layout.samples];
        int[] lengths = new int[layout.samples];
        if (labels.size() == 1) {
            Arrays.fill(inputLengths, layout.steps);
            Arrays.setAll(lengths, n -> unpadded(targets, n * width, width));
        } else {
            inputLengths = lengths(labels.get(1), "labels[1] (inputLengths)", layout.steps, "T");
            lengths = lengths(labels.get(2), "labels[2] (targetLengths)", width, "S");
        }
        int[] begins = new int[layout.samples];
        long end = 0;
        for (int n = 0; n < begins.length; n++) {
            begins[n] = concatenated ? (int) Math.min(end, width) : n * width;
            end += lengths[n];
        }
        if (concatenated && end != width) {
            throw failure(
                    "labels[2] (targetLengths)",
                    "add up to the " + width + " elements of concatenated targets",
                    end);
        }
        for (int n = 0; n < begins.length; n++) {
            for (int i = 0; i < lengths[n]; i++) {
                long target = targets[begins[n] + i];
                if (target < 0 || target >= layout.classes) {
                    throw Checks.message(
                            getName(),
                            "labels[0] (targets) must hold classes in [0, %d), but element %d of"
                                    + " sample %d was %s",
                            layout.classes,
                            i,
                            n,
                            Checks.index(labels.get(0), begins[n] + i, target));
                }
            }
        }
        return new Samples(targets, begins, lengths, inputLengths);
    }

    private int unpadded(long[] targets, int begin, int width) {
        int length = 0;
        while (length < width && targets[begin + length] != paddingValue) {
            length++;
        }
        return length;
    }

    private int[] lengths(NDArray label, String argument, int max, String axis) {
        long[] given = Nd.toLongs(label);
        int[] lengths = new int[given.length];
        for (int n = 0; n < given.length; n++) {
            if (given[n] < 0 || given[n] > max) {
                String message = "%s must lie in [0, %s = %d], but element %d was %s";
                throw Checks.message(
                        getName(),
                        message,
                        argument,
                        axis,
                        max,
                        n,
                        Checks.index(label, n, given[n]));
            }
            lengths[n] = (int) given[n];
        }
        return lengths;
    }

    // ------------------------------------------------------------------ values

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        Layout layout = new Layout(predictions.get(0).getShape(), batchFirst);
        return layout.batched ? new Shape(layout.samples) : new Shape();
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray x = predictions.get(0);
        Layout layout = new Layout(x.getShape(), batchFirst);
        Samples samples = samples(labels, layout);
        double[] gradient = new double[Math.toIntExact(x.size())];
        double[] factors = factors(samples, goal);
        double[] losses = losses(samples, layout, x, factors, gradient);
        for (int n = 0; n < losses.length; n++) {
            losses[n] *= factors[n];
        }
        Shape shape = unreducedShape(labels, predictions);
        NDArray values = array(losses, shape, x);
        NDArray slopes = array(gradient, x.getShape(), x);
        return Terms.of(Gradients.withGradient(values, x, slopes, layout.summedAxes()));
    }

    private @Nullable Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        NDArray x = predictions.get(0);
        Layout layout = new Layout(x.getShape(), batchFirst);
        Samples samples = samples(labels, layout);
        double[] factors = factors(samples, goal);
        double[] gradient = goal.gradient() ? new double[Math.toIntExact(x.size())] : null;
        double[] losses = losses(samples, layout, x, factors, gradient);
        double sum = 0;
        for (int n = 0; n < losses.length; n++) {
            sum += factors[n] * losses[n];
        }
        NDArray value = array(new double[] {sum}, new Shape(), x);
        long divisor = layout.samples;
        return gradient == null
                ? Outcome.of(value, divisor)
                : Outcome.of(value, divisor, 1, array(gradient, x.getShape(), x));
    }

    /**
     * Returns the loss of every sample, and adds its gradient times the factor of the sample to the
     * gradient.
     */
    private double[] losses(
            Samples samples,
            Layout layout,
            NDArray x,
            double[] factors,
            double @Nullable [] gradient) {
        Scores scores = new Scores(x);
        double[] softmax = fromLogits ? softmax(x, layout.classes) : null;
        double[] losses = new double[layout.samples];
        int threads = Math.min(threads(x), losses.length);
        IntConsumer part =
                thread -> {
                    CtcAlignment alignment =
                            new CtcAlignment(scores, softmax, layout.classes, blank, gradient);
                    for (int n = thread; n < losses.length; n += threads) {
                        losses[n] =
                                alignment.loss(
                                        n * layout.sampleStride,
                                        layout.stepStride,
                                        samples.inputLengths[n],
                                        samples.targets,
                                        samples.begins[n],
                                        samples.lengths[n],
                                        factors[n],
                                        zeroInfinity);
                    }
                };
        if (threads > 1) {
            IntStream.range(0, threads).parallel().forEach(part);
        } else {
            part.accept(0);
        }
        return losses;
    }

    /** Scores that are read into Java only when they are first needed. */
    private static final class Scores implements Supplier<double[]> {

        private final NDArray array;
        private double @Nullable [] values;

        Scores(NDArray array) {
            this.array = array;
        }

        @Override
        public synchronized double[] get() {
            double[] read = values == null ? Nd.toDoubles(array) : values;
            values = read;
            return read;
        }
    }

    private static double[] softmax(NDArray x, int classes) {
        if (Script.runsOn(x)) {
            try (NDArray wide = x.stopGradient().toType(DataType.FLOAT64, false);
                    NDArray softmax = wide.softmax(-1)) {
                return Nd.toDoubles(softmax);
            }
        }
        // Other engines are slower in FLOAT64 than Java.
        double[] softmax = Nd.toDoubles(x);
        for (int row = 0; row < softmax.length; row += classes) {
            double max = Double.NEGATIVE_INFINITY;
            for (int c = row; c < row + classes; c++) {
                max = Math.max(max, softmax[c]);
            }
            double sum = 0;
            for (int c = row; c < row + classes; c++) {
                softmax[c] = Math.exp(softmax[c] - max);
                sum += softmax[c];
            }
            for (int c = row; c < row + classes; c++) {
                softmax[c] /= sum;
            }
        }
        return softmax;
    }

    /** Returns the number of threads for a batch: the number that is set for the engine. */
    private static int threads(NDArray x) {
        String engine = x.getManager().getEngine().getEngineName().toLowerCase(Locale.ROOT);
        return Integer.getInteger("ai.djl." + engine + ".num_threads", 1);
    }

    /** Returns the factor of each loss: a mean divides it by the length of its target. */
    private static double[] factors(Samples samples, Goal goal) {
        return Arrays.stream(samples.lengths)
                .mapToDouble(length -> goal.isMean() ? 1.0 / Math.max(length, 1) : 1)
                .toArray();
    }

    private static NDArray array(double[] values, Shape shape, NDArray like) {
        return Nd.create(like.getManager(), values, shape, like.getDataType());
    }

    /** The layout of the scores. */
    private static final class Layout {

        final boolean batched;
        final int stepAxis;
        final int steps;
        final int samples;
        final int classes;
        final int stepStride;
        final int sampleStride;

        Layout(Shape shape, boolean batchFirst) {
            batched = shape.dimension() == 3;
            stepAxis = batched && batchFirst ? 1 : 0;
            steps = Math.toIntExact(shape.get(stepAxis));
            samples = batched ? Math.toIntExact(shape.get(1 - stepAxis)) : 1;
            classes = Math.toIntExact(shape.get(shape.dimension() - 1));
            stepStride = stepAxis == 1 ? classes : samples * classes;
            sampleStride = stepAxis == 1 ? steps * classes : classes;
        }

        /** Returns the axes over which the loss of a sample is summed. */
        int[] summedAxes() {
            return batched ? new int[] {stepAxis, 2} : new int[] {0, 1};
        }
    }

    // ------------------------------------------------------------------ builder

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), Reading.closedForm(Thresholds.ALWAYS, this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: blank 0, log-probabilities of shape (T, N, C), infinite
     * losses are kept, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link CTCLoss}. */
    public static final class Builder extends LossBuilder<CTCLoss, Builder> {

        private int blank;
        private boolean zeroInfinity;
        private boolean fromLogits;
        private boolean batchFirst;
        private long paddingValue = -1;

        Builder() {
            super("CTCLoss", CTCLoss::new);
        }

        /**
         * Sets the class index of the blank (default 0).
         *
         * @param blank a class, at least 0 and less than the number of classes
         * @return this {@code Builder}
         */
        public Builder optBlank(int blank) {
            this.blank = require("blank", blank, blank >= 0, "be at least 0");
            return this;
        }

        /**
         * Sets whether an infinite loss and its gradient are replaced by 0 (default false). A loss
         * is infinite if its target does not fit into its input.
         *
         * @param zeroInfinity whether to replace infinite losses
         * @return this {@code Builder}
         */
        public Builder optZeroInfinity(boolean zeroInfinity) {
            this.zeroInfinity = set("zeroInfinity", zeroInfinity);
            return this;
        }

        /**
         * Sets whether predictions are logits, to which the loss applies the log-softmax (default
         * false: they are log-probabilities).
         *
         * @param fromLogits whether predictions are logits
         * @return this {@code Builder}
         */
        public Builder optFromLogits(boolean fromLogits) {
            this.fromLogits = set("fromLogits", fromLogits);
            return this;
        }

        /**
         * Sets whether the first axis of predictions is the batch (default false: it is time).
         *
         * @param batchFirst whether predictions have shape (N, T, C)
         * @return this {@code Builder}
         */
        public Builder optBatchFirst(boolean batchFirst) {
            this.batchFirst = set("batchFirst", batchFirst);
            return this;
        }

        /**
         * Sets the value that pads targets without lengths (default −1).
         *
         * @param paddingValue a number that is not a label
         * @return this {@code Builder}
         */
        public Builder optPaddingValue(long paddingValue) {
            this.paddingValue = set("paddingValue", paddingValue);
            return this;
        }
    }
}
