/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import io.djlosses.nd.Nd;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.examples.support.Column;
import io.djlosses.examples.support.Samples;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** How a loss of the catalog learns classes: the form of its label, and of the network's output. */
@SuppressWarnings("ImmutableEnumChecker") // lists and functions here do not change
enum Recipe {
    /** The class, against any scores. */
    CLASS(
            Label.CLASS,
            x -> x,
            "CrossEntropyLoss",
            "LinearCrossEntropyLoss",
            "MultiMarginLoss",
            "SoftmaxFocalLoss"),

    /** The class, against logarithms of probabilities that sum to 1. */
    CLASS_LOG_SOFTMAX(Label.CLASS, x -> Nd.logSoftmax(x, 1), "AdaptiveLogSoftmaxLoss", "NLLLoss"),

    /** 1 for the class and 0 for the others, against any scores. */
    ONE_HOT(
            Label.ONE_HOT,
            x -> x,
            "BCEWithLogitsLoss",
            "CosineSimilarityLoss",
            "GHMCLoss",
            "GHMRLoss",
            "HuberLoss",
            "L1Loss",
            "MSELoss",
            "MultiClassDiceLoss",
            "MultiLabelSoftMarginLoss",
            "PoissonNLLLoss",
            "RMSELoss",
            "SigmoidFocalLoss",
            "SmoothL1Loss",
            "SoftmaxCrossEntropyWithLogits"),

    /** 1 for the class and 0 for the others, against probabilities. */
    ONE_HOT_SIGMOID(Label.ONE_HOT, Nd::sigmoid, "BCELoss", "DiceLoss", "FocalLoss"),

    /** 1 for the class and 0 for the others, against logarithms of probabilities that sum to 1. */
    ONE_HOT_LOG_SOFTMAX(Label.ONE_HOT, x -> Nd.logSoftmax(x, 1), "KLDivLoss"),

    /** 1 for the class and −1 for the others, against any scores. */
    SIGNED(Label.SIGNED, x -> x, "HingeLoss", "LogisticLoss", "SoftMarginLoss", "SquaredHingeLoss"),

    /** The class, then −1 to the end of the row, against any scores. */
    LIST(Label.LIST, x -> x, "MultiLabelMarginLoss");

    private final Label label;
    private final UnaryOperator<NDArray> output;
    private final List<String> losses;

    Recipe(Label label, UnaryOperator<NDArray> output, String... losses) {
        this.label = label;
        this.output = output;
        this.losses = List.of(losses);
    }

    /**
     * Finds the recipe of a loss.
     *
     * @param loss the simple name of its class
     * @return the recipe, if the loss can learn classes
     */
    static Optional<Recipe> of(String loss) {
        return Stream.of(values()).filter(recipe -> recipe.losses.contains(loss)).findFirst();
    }

    /**
     * Names the losses that have a recipe.
     *
     * @return the simple names of their classes, sorted
     */
    static List<String> losses() {
        return Stream.of(values()).flatMap(recipe -> recipe.losses.stream()).sorted().toList();
    }

    /**
     * Finds the factories of the catalog that need no argument.
     *
     * @return the factories by the simple name of the class they make
     */
    static Map<String, Method> catalog() {
        Map<String, Method> factories = new TreeMap<>();
        for (Method method : Losses.class.getMethods()) {
            if (method.getDeclaringClass() == Losses.class && method.getParameterCount() == 0) {
                factories.put(method.getReturnType().getSimpleName(), method);
            }
        }
        return factories;
    }

    /**
     * Makes a loss that has a recipe.
     *
     * @param loss the simple name of its class
     * @return the loss, with its defaults
     */
    static Loss make(String loss) {
        try {
            return (Loss) Objects.requireNonNull(catalog().get(loss), loss).invoke(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Writes the classes as the loss wants them.
     *
     * @param samples the samples
     * @return the labels
     */
    Column labels(Samples samples) {
        int classes = samples.classes().size();
        return label == Label.CLASS
                ? Column.ofClasses(samples.labels())
                : Column.of(
                        Arrays.stream(samples.labels())
                                .mapToObj(c -> label.row(c, classes))
                                .toArray(double[][]::new));
    }

    /**
     * Reads the classes from the labels of this recipe.
     *
     * @param labels the labels
     * @return the classes, one a sample
     */
    NDArray classes(NDArray labels) {
        return switch (label) {
            case CLASS -> labels;
            case ONE_HOT, SIGNED -> labels.argMax(1);
            case LIST -> labels.get(":, 0");
        };
    }

    /**
     * Ends a network with what turns scores into the form that the loss wants.
     *
     * @param network the network
     */
    void finish(SequentialBlock network) {
        network.add(list -> new NDList(output.apply(list.singletonOrThrow())));
    }

    private enum Label {
        CLASS,
        ONE_HOT,
        SIGNED,
        LIST;

        double[] row(int sampleClass, int classes) {
            double[] row = new double[classes];
            Arrays.fill(row, this == ONE_HOT ? 0 : -1);
            row[this == LIST ? 0 : sampleClass] = this == LIST ? sampleClass : 1;
            return row;
        }
    }
}
