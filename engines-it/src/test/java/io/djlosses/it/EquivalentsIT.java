/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.api.Reduction;
import io.djlosses.binary.FocalLoss;
import io.djlosses.binary.SigmoidFocalLoss;
import io.djlosses.classification.SoftmaxCrossEntropyWithLogits;
import io.djlosses.classification.SoftmaxFocalLoss;
import io.djlosses.distribution.KLDivLoss;
import io.djlosses.distribution.PoissonNLLLoss;
import io.djlosses.embedding.TripletMarginWithDistanceLoss;
import io.djlosses.nd.Nd;
import io.djlosses.segmentation.MultiClassDiceLoss;
import io.djlosses.sequence.CTCLoss;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The equivalents that CATALOGUE.md names in MindSpore, Gluon and Keras, by numbers: each formula
 * is written from the documentation and source of that library (MindSpore 2.x {@code mindspore.nn},
 * MXNet 1.9 {@code gluon/loss.py}, Keras 3 {@code keras/src/losses/losses.py}), with what the
 * catalogue says to set or to differ. Those in PyTorch have golden rows.
 */
public class EquivalentsIT {

    private static final double[] X = {0.2, -0.7, 1.3, -0.4, 0.9, 0.1};
    private static final double[] Y = {0.5, -1, 2, 0, 0.3, -0.2};
    private static final double[] P = {0.2, 0.7, 0.6, 0.4, 0.9, 0.3};
    private static final double[] BITS = {1, 0, 1, 0, 1, 0};
    private static final double[] SIGNS = {1, -1, 1, -1, 1, -1};
    private static final double[] HOT = {0, 0, 1, 1, 0, 0};
    private static final double[] COUNTS = {2, 0, 1, 3, 1, 0};
    private static final double[] Q = {0.2, 0.5, 0.3, 0.1, 0.1, 0.8};
    private static final double[] ROW_SIGNS = {1, -1};
    private static final Shape MATRIX = new Shape(2, 3);
    private static final Shape ROWS = new Shape(2);

    /**
     * A loss and the number that other libraries give.
     *
     * @param names the cells of the catalogue, {@code library name}
     * @param loss the loss
     * @param labels the labels
     * @param predictions the predictions
     * @param expected the number
     */
    private record Equivalent(
            List<String> names,
            Loss loss,
            List<Data> labels,
            List<Data> predictions,
            double expected) {

        /** {@inheritDoc} */
        @Override
        public String toString() {
            return loss.getClass().getSimpleName() + " " + names;
        }
    }

    private static final List<Equivalent> EQUIVALENTS = new ArrayList<>();

    private static void add(
            String names, Loss loss, List<Data> labels, List<Data> predictions, double expected) {
        EQUIVALENTS.add(
                new Equivalent(List.of(names.split(", ")), loss, labels, predictions, expected));
    }

    /** Adds a loss of each element, whose mean is the number. */
    private static void add(
            String names, Loss loss, double[] label, double[] prediction, IntToDoubleFunction of) {
        add(names, loss, List.of(matrix(label)), List.of(matrix(prediction)), mean(6, of));
    }

    static {
        add(
                "MindSpore L1Loss, MindSpore MAELoss, Gluon L1Loss, Keras MeanAbsoluteError",
                Losses.l1Loss(),
                Y,
                X,
                i -> Math.abs(X[i] - Y[i]));
        add(
                "MindSpore MSELoss, Keras MeanSquaredError",
                Losses.mseLoss(),
                Y,
                X,
                i -> square(X[i] - Y[i]));
        // weight = 1, and the loss is halved
        add("Gluon L2Loss", Losses.mseLoss(), Y, X, i -> 2 * (0.5 * square(Y[i] - X[i])));
        add("MindSpore SmoothL1Loss", Losses.smoothL1Loss(), Y, X, i -> huber(X[i] - Y[i], 1));
        // where(loss > rho, loss − 0.5 rho, 0.5 / rho loss²), rho = 1
        add("Gluon HuberLoss", Losses.smoothL1Loss(), Y, X, i -> huber(Y[i] - X[i], 1));
        add(
                "MindSpore HuberLoss, Keras Huber",
                Losses.huberLoss(),
                Y,
                X,
                i -> huber(Y[i] - X[i], 1));
        // mean(x + softplus(−2x) − log 2)
        add(
                "Keras LogCosh",
                Losses.logCoshLoss(),
                Y,
                X,
                i -> X[i] - Y[i] + softplus(-2 * (X[i] - Y[i])) - Math.log(2));
        add(
                "MindSpore RMSELoss",
                Losses.rmseLoss(),
                List.of(matrix(Y)),
                List.of(matrix(X)),
                Math.sqrt(mean(6, i -> square(X[i] - Y[i]))));

        add("MindSpore BCELoss", Losses.bceLoss(), BITS, P, i -> bce(P[i], BITS[i], 0));
        // log(p + 1e-12)
        add("Gluon SigmoidBCELoss", Losses.bceLoss(), BITS, P, i -> bce(P[i], BITS[i], 1e-12));
        // p clipped to [1e-7, 1 − 1e-7]
        add("Keras BinaryCrossentropy", Losses.bceLoss(), BITS, P, i -> bce(P[i], BITS[i], 0));
        add(
                "MindSpore BCEWithLogitsLoss, Gluon SigmoidBCELoss, Keras BinaryCrossentropy",
                Losses.bceWithLogitsLoss(),
                BITS,
                X,
                i -> Math.max(X[i], 0) - X[i] * BITS[i] + softplus(-Math.abs(X[i])));
        // alpha_t (1 − p_t)^gamma bce, with apply_class_balancing; without it, twice alpha = ½
        add(
                "Keras BinaryFocalCrossentropy",
                FocalLoss.builder().optAlpha(0.25).build(),
                BITS,
                P,
                i -> focal(P[i], BITS[i], 0.25));
        add(
                "Keras BinaryFocalCrossentropy",
                SigmoidFocalLoss.builder().optReduction(Reduction.MEAN).build(),
                BITS,
                X,
                i -> focal(sigmoid(X[i]), BITS[i], 0.25));
        add(
                "Gluon HingeLoss, Keras Hinge",
                Losses.hingeLoss(),
                SIGNS,
                X,
                i -> Math.max(0, 1 - X[i] * SIGNS[i]));
        add(
                "Gluon SquaredHingeLoss, Keras SquaredHinge",
                Losses.squaredHingeLoss(),
                SIGNS,
                X,
                i -> square(Math.max(0, 1 - X[i] * SIGNS[i])));
        // label_format signed: (label + 1) / 2, then cross entropy with logits
        add(
                "Gluon LogisticLoss",
                Losses.logisticLoss(),
                SIGNS,
                X,
                i -> softplus(X[i]) - X[i] * (SIGNS[i] + 1) / 2);
        add(
                "MindSpore SoftMarginLoss, Gluon LogisticLoss",
                Losses.softMarginLoss(),
                SIGNS,
                X,
                i -> Math.log(1 + Math.exp(-SIGNS[i] * X[i])));

        add(
                "MindSpore CrossEntropyLoss, Gluon SoftmaxCrossEntropyLoss,"
                        + " Keras SparseCategoricalCrossentropy",
                Losses.crossEntropyLoss(),
                List.of(classes()),
                List.of(matrix(X)),
                -(logSoftmax(2) + logSoftmax(3)) / 2);
        add(
                "Keras CategoricalCrossentropy",
                Losses.crossEntropyLoss(),
                List.of(matrix(Q)),
                List.of(matrix(X)),
                -mean(6, i -> Q[i] * logSoftmax(i)) * 3);
        add(
                "MindSpore NLLLoss",
                Losses.nllLoss(),
                List.of(classes()),
                List.of(matrix(X)),
                -(X[2] + X[3]) / 2);
        add(
                "MindSpore SoftmaxCrossEntropyWithLogits",
                SoftmaxCrossEntropyWithLogits.builder().optReduction(Reduction.MEAN).build(),
                List.of(matrix(HOT)),
                List.of(matrix(X)),
                -(logSoftmax(2) + logSoftmax(3)) / 2);
        add(
                "MindSpore FocalLoss",
                Losses.softmaxFocalLoss(),
                List.of(classes()),
                List.of(matrix(X)),
                (softmaxFocal(2, 1) + softmaxFocal(3, 1)) / 2);
        // from_logits; alpha = 0.25 is a factor of all classes
        add(
                "Keras CategoricalFocalCrossentropy",
                SoftmaxFocalLoss.builder().optWeight(0.25, 0.25, 0.25).build(),
                List.of(classes()),
                List.of(matrix(X)),
                (softmaxFocal(2, 0.25) + softmaxFocal(3, 0.25)) / 2);
        add(
                "MindSpore MultiMarginLoss",
                Losses.multiMarginLoss(),
                List.of(classes()),
                List.of(matrix(X)),
                mean(2, r -> margins(r, r == 0 ? 2 : 0) / 3));
        // one class in each list
        add(
                "MindSpore MultilabelMarginLoss",
                Losses.multiLabelMarginLoss(),
                List.of(new Data("int64", MATRIX, new double[] {2, -1, 0, 0, -1, 0})),
                List.of(matrix(X)),
                mean(2, r -> margins(r, r == 0 ? 2 : 0) / 3));
        add(
                "MindSpore MultiLabelSoftMarginLoss",
                Losses.multiLabelSoftMarginLoss(),
                BITS,
                X,
                i -> bce(sigmoid(X[i]), BITS[i], 0));

        add(
                "MindSpore DiceLoss",
                Losses.diceLoss(),
                List.of(matrix(BITS)),
                List.of(matrix(P)),
                dice(0, 1, 6));
        add(
                "MindSpore MultiClassDiceLoss",
                MultiClassDiceLoss.builder()
                        .optActivation(MultiClassDiceLoss.Activation.NONE)
                        .build(),
                List.of(matrix(BITS)),
                List.of(matrix(P)),
                mean(3, c -> dice(c, 3, 2)));

        // reduction mean; Gluon and MindSpore from log-probabilities, label · (log label − x)
        add(
                "MindSpore KLDivLoss, Gluon KLDivLoss",
                Losses.klDivLoss(),
                Q,
                X,
                i -> Q[i] * (Math.log(Q[i] + 1e-12) - X[i]));
        // y_true · log(y_true / y_pred), summed over the last axis
        add(
                "Keras KLDivergence",
                KLDivLoss.builder().optReduction(Reduction.BATCH_MEAN).build(),
                List.of(matrix(Q)),
                List.of(matrix(Arrays.stream(P).map(Math::log).toArray())),
                3 * mean(6, i -> Q[i] * Math.log(Q[i] / P[i])));
        add(
                "MindSpore PoissonNLLLoss, Gluon PoissonNLLLoss",
                Losses.poissonNLLLoss(),
                COUNTS,
                X,
                i -> Math.exp(X[i]) - COUNTS[i] * X[i]);
        add(
                "Keras Poisson",
                PoissonNLLLoss.builder().optLogInput(false).optEps(1e-7).build(),
                COUNTS,
                P,
                i -> P[i] - COUNTS[i] * Math.log(P[i] + 1e-7));
        add(
                "MindSpore GaussianNLLLoss",
                Losses.gaussianNLLLoss(),
                List.of(matrix(Y)),
                List.of(matrix(X), matrix(P)),
                mean(6, i -> 0.5 * (Math.log(P[i]) + square(X[i] - Y[i]) / P[i])));

        add(
                "MindSpore CosineEmbeddingLoss, Gluon CosineEmbeddingLoss",
                Losses.cosineEmbeddingLoss(),
                List.of(new Data("float", ROWS, ROW_SIGNS)),
                List.of(matrix(X), matrix(Y)),
                (1 - cosine(0) + Math.max(0, cosine(1))) / 2);
        // −Σ of the normalized vectors
        add(
                "Keras CosineSimilarity",
                Losses.cosineSimilarityLoss(),
                List.of(),
                List.of(matrix(X), matrix(Y)),
                1 + mean(2, r -> -cosine(r)));
        add(
                "MindSpore HingeEmbeddingLoss",
                Losses.hingeEmbeddingLoss(),
                SIGNS,
                X,
                i -> SIGNS[i] == 1 ? X[i] : Math.max(0, 1 - X[i]));
        add(
                "MindSpore TripletMarginLoss",
                Losses.tripletMarginLoss(),
                List.of(),
                List.of(matrix(X), matrix(Y), matrix(P)),
                mean(2, r -> triplet(r, 1e-6, false)));
        add(
                "MindSpore TripletMarginWithDistanceLoss",
                TripletMarginWithDistanceLoss.builder().build(),
                List.of(),
                List.of(matrix(X), matrix(Y), matrix(P)),
                mean(2, r -> triplet(r, 1e-6, false)));
        // relu(Σ ((pos − pred)² − (neg − pred)²) + margin)
        add(
                "Gluon TripletLoss",
                TripletMarginWithDistanceLoss.builder()
                        .optDistanceFunction((x1, x2) -> x1.sub(x2).square().sum(new int[] {-1}))
                        .build(),
                List.of(),
                List.of(matrix(X), matrix(Y), matrix(P)),
                mean(2, r -> triplet(r, 0, true)));
        add(
                "Gluon SDMLLoss",
                Losses.sdmlLoss(),
                List.of(),
                List.of(matrix(X), matrix(Y)),
                similarity(0.3));
        add(
                "MindSpore MarginRankingLoss",
                Losses.marginRankingLoss(),
                List.of(matrix(SIGNS)),
                List.of(matrix(X), matrix(Y)),
                mean(6, i -> Math.max(0, -SIGNS[i] * (X[i] - Y[i]))));

        // two steps, one sample, the target 1: paths 1 1, 0 1 and 1 0
        Data target = new Data("int64", new Shape(1, 1), new double[] {1});
        Data length = new Data("int64", new Shape(1), new double[] {1});
        Data steps = new Data("int64", new Shape(1), new double[] {2});
        double paths =
                Math.exp(logSoftmax(1) + logSoftmax(4))
                        + Math.exp(logSoftmax(0) + logSoftmax(4))
                        + Math.exp(logSoftmax(1) + logSoftmax(3));
        add(
                "MindSpore CTCLoss",
                Losses.ctcLoss(),
                List.of(target, steps, length),
                List.of(
                        new Data(
                                "float",
                                new Shape(2, 1, 3),
                                IntStream.range(0, 6)
                                        .mapToDouble(EquivalentsIT::logSoftmax)
                                        .toArray())),
                -Math.log(paths));
        // logits; no division by the length of the target
        add(
                "Gluon CTCLoss, Keras CTC",
                CTCLoss.builder().optFromLogits(true).optReduction(Reduction.SUM).build(),
                List.of(target, steps, length),
                List.of(new Data("float", new Shape(2, 1, 3), X)),
                -Math.log(paths));
    }

    private static Data matrix(double... values) {
        return new Data("float", MATRIX, values);
    }

    private static Data classes() {
        return new Data("int64", ROWS, new double[] {2, 0});
    }

    private static double mean(int count, IntToDoubleFunction of) {
        return IntStream.range(0, count).mapToDouble(of).average().orElseThrow();
    }

    private static double square(double x) {
        return x * x;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double softplus(double x) {
        return Math.log(1 + Math.exp(x));
    }

    private static double huber(double d, double delta) {
        return Math.abs(d) <= delta ? 0.5 * d * d : delta * Math.abs(d) - 0.5 * delta * delta;
    }

    private static double bce(double p, double y, double eps) {
        return -(y * Math.log(p + eps) + (1 - y) * Math.log(1 - p + eps));
    }

    private static double focal(double p, double y, double alpha) {
        double own = y == 1 ? p : 1 - p;
        return -(y == 1 ? alpha : 1 - alpha) * square(1 - own) * Math.log(own);
    }

    /** Returns log softmax(X) of an element. */
    private static double logSoftmax(int i) {
        int row = i / 3 * 3;
        return X[i] - Math.log(IntStream.range(0, 3).mapToDouble(c -> Math.exp(X[row + c])).sum());
    }

    private static double softmaxFocal(int i, double alpha) {
        return -alpha * square(1 - Math.exp(logSoftmax(i))) * logSoftmax(i);
    }

    private static double margins(int row, int target) {
        double own = X[3 * row + target];
        return IntStream.range(0, 3)
                .filter(c -> c != target)
                .mapToDouble(c -> Math.max(0, 1 - own + X[3 * row + c]))
                .sum();
    }

    /** Returns MindSpore's dice of some elements of P and BITS. */
    private static double dice(int from, int step, int count) {
        double both = 0;
        double squares = 1e-5;
        for (int k = 0; k < count; k++) {
            int i = from + k * step;
            both += P[i] * BITS[i];
            squares += square(P[i]) + square(BITS[i]);
        }
        return 1 - 2 * both / squares;
    }

    private static double cosine(int row) {
        double product = 0;
        double first = 0;
        double second = 0;
        for (int i = 3 * row; i < 3 * row + 3; i++) {
            product += X[i] * Y[i];
            first += X[i] * X[i];
            second += Y[i] * Y[i];
        }
        return product / Math.sqrt(first * second);
    }

    private static double triplet(int row, double eps, boolean squared) {
        double near = 0;
        double far = 0;
        for (int i = 3 * row; i < 3 * row + 3; i++) {
            near += square(X[i] - Y[i] + eps);
            far += square(X[i] - P[i] + eps);
        }
        return Math.max(0, (squared ? near - far : Math.sqrt(near) - Math.sqrt(far)) + 1);
    }

    /** Returns Gluon's mean of KLDivLoss over the rows, of log softmax(−distances). */
    private static double similarity(double smoothing) {
        double sum = 0;
        for (int r = 0; r < 2; r++) {
            double[] d = new double[2];
            for (int j = 0; j < 2; j++) {
                for (int c = 0; c < 3; c++) {
                    d[j] += square(X[3 * r + c] - Y[3 * j + c]);
                }
            }
            for (int j = 0; j < 2; j++) {
                double q = r == j ? 1 - smoothing : smoothing;
                double log = -d[j] - Math.log(Math.exp(-d[0]) + Math.exp(-d[1]));
                sum += q * (Math.log(q + 1e-12) - log);
            }
        }
        return sum / 4;
    }

    @DataProvider
    public Object[][] equivalents() {
        return EQUIVALENTS.stream().map(one -> new Object[] {one}).toArray(Object[][]::new);
    }

    @Test(dataProvider = "equivalents")
    public void theNumberIsThatOfTheOtherLibrary(Equivalent equivalent) {
        for (String engine : Outcome.engines()) {
            try (NDManager manager = Place.manager(engine)) {
                NDArray value =
                        equivalent.loss.evaluate(
                                Data.arrays(equivalent.labels, manager, DataType.FLOAT64),
                                Data.arrays(equivalent.predictions, manager, DataType.FLOAT64));
                assertEquals(
                        Nd.toDoubles(value)[0],
                        equivalent.expected,
                        1e-9 * Math.max(1, Math.abs(equivalent.expected)),
                        engine);
            }
        }
    }

    /** Keras's dice divides by Σx + Σy, as the catalogue says. */
    @Test
    public void diceOfKerasIsAnother() {
        double both = IntStream.range(0, 6).mapToDouble(i -> P[i] * BITS[i]).sum();
        double keras = 1 - 2 * both / (Arrays.stream(P).sum() + Arrays.stream(BITS).sum() + 1e-7);
        assertEquals(keras, 1 - 3.4 / 6.1, 1e-7);
        assertEquals(dice(0, 1, 6), 1 - 3.4 / 4.95, 1e-5);
    }

    /**
     * Every name in the columns of MindSpore, Gluon and Keras has its number above, unless the row
     * says how it differs, or the loss adds up others, or parameters, as {@code RegularizationIT}
     * tests.
     */
    @Test
    public void everyNameOfTheCatalogueHasItsNumber() throws IOException {
        Set<String> named = new TreeSet<>();
        String[] libraries = {"MindSpore", "Gluon", "Keras"};
        String tables = Files.readString(Path.of("..", "CATALOGUE.md"));
        tables = tables.substring(0, tables.indexOf("## Composites"));
        for (String line : tables.split("\n", 0)) {
            String[] cells = line.split("(?<!\\\\)\\|", 0);
            for (int i = 0; line.startsWith("| `") && i < libraries.length; i++) {
                Matcher name = Pattern.compile("`(\\w+)`").matcher(cells[i + 3]);
                while (name.find()) {
                    named.add(libraries[i] + " " + name.group(1));
                }
            }
        }
        named.remove("Keras Dice"); // another formula, see above
        named.remove("MindSpore SampledSoftmaxLoss"); // draws at random, see DifferencesIT
        Set<String> tested = new TreeSet<>();
        EQUIVALENTS.forEach(one -> tested.addAll(one.names));
        assertEquals(tested, named);
    }
}
