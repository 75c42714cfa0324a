/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.training.loss.Loss;

import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reduction;
import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Extent;
import io.djlosses.examples.catalog.Kind;
import io.djlosses.examples.catalog.Lesson;
import io.djlosses.examples.catalog.Size;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A loss with its options: what it takes at each size, and the other ways to compute the same. */
final class Row {

    /** Makes the input of one size. */
    @FunctionalInterface
    interface Inputs {

        Case make(Data data, long... dims);
    }

    /** Makes what the options of a loss hold, as an array. */
    @FunctionalInterface
    interface Weights {

        NDArray make(Data data, long... dims);
    }

    /** Makes the loss for one size, with common options. */
    @FunctionalInterface
    interface Maker {

        Loss make(Consumer<LossBuilder<?, ?>> common, long... dims);
    }

    private final Declaration declaration;
    private final String variant;
    private Kind kind;
    private Extent extent;
    private Inputs inputs;
    private Maker maker;
    private @Nullable String torch;
    private @Nullable Formula plain;
    private @Nullable Formula operator;
    private @Nullable Formula builtIn;
    private @Nullable Formula parts;

    /** A row with what the declaration says. */
    Row(Declaration declaration, String variant) {
        this.declaration = declaration;
        this.variant = variant;
        kind = declaration.kind();
        extent = kind.extent();
        inputs = (data, dims) -> Case.of(kind.inputs(data, dims));
        Function<long[], LossBuilder<?, ?>> options = declaration.benchmarks().get(variant);
        maker = declaration.isMade() || options == null ? this::made : built(mean(options));
    }

    /** Sets what the loss is given, where its options change it. */
    Row kind(Kind newKind) {
        kind = newKind;
        extent = kind.extent();
        return this;
    }

    /** Sets what the loss is given, where it is of no kind. */
    Row inputs(Extent newExtent, Inputs newInputs) {
        extent = newExtent;
        inputs = newInputs;
        return this;
    }

    /** Adds what an option holds, for those that need an array. */
    Row weights(Weights weights) {
        Inputs before = inputs;
        inputs = (data, dims) -> before.make(data, dims).with(weights.make(data, dims));
        return this;
    }

    /** Sets the options. */
    Row builder(Function<long[], LossBuilder<?, ?>> options) {
        return maker(built(options));
    }

    /** Sets how the loss is made where it has no {@link LossBuilder}. */
    Row maker(Maker newMaker) {
        maker = newMaker;
        return this;
    }

    /**
     * Sets what native code computes on PyTorch: an expression of TorchScript, or the body of a
     * function. Predictions are called x, x2, x3, labels y, y2, y3, weights w, w2, w3.
     */
    Row torch(String source) {
        torch = source;
        return this;
    }

    /**
     * Sets the composition that a user of NDArray would write. Without it this is the formula of
     * the loss itself.
     */
    Row plain(Formula formula) {
        plain = formula;
        return this;
    }

    /** Sets the sum of what the parts of a composite loss give by themselves. */
    Row parts(Formula formula) {
        parts = formula;
        return this;
    }

    /** Sets MXNet's own operator. */
    Row operator(Formula formula) {
        operator = formula;
        return this;
    }

    /** Sets DJL's own loss. */
    Row builtIn(Formula formula) {
        builtIn = formula;
        return this;
    }

    Row builtIn(Loss builtInLoss) {
        return builtIn(input -> builtInLoss.evaluate(input.labels(), input.predictions()));
    }

    String name() {
        return variant.isEmpty() ? loss() : loss() + ", " + variant;
    }

    String loss() {
        return declaration.name();
    }

    Class<? extends Loss> type() {
        return declaration.type();
    }

    String variant() {
        return variant;
    }

    Kind kind() {
        return kind;
    }

    Extent extent() {
        return extent;
    }

    /** Returns dimensions as text. */
    static String shape(long... dims) {
        return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining("×"));
    }

    Case input(Data data, long... dims) {
        return inputs.make(data, dims);
    }

    Loss make(Consumer<LossBuilder<?, ?>> options, long... dims) {
        return maker.make(options, dims);
    }

    /** Returns whether predictions come out of a layer, rather than being parameters. */
    boolean hasLayer() {
        return kind != Kind.PENALTY && extent != Extent.SAMPLES;
    }

    @Nullable Formula parts() {
        return parts;
    }

    @Nullable String torch() {
        return torch;
    }

    @Nullable Formula plain() {
        return plain;
    }

    @Nullable Formula operator() {
        return operator;
    }

    @Nullable Formula builtIn() {
        return builtIn;
    }

    long[] dims(Size size) {
        return extent.of(size);
    }

    /** A step of training needs one number, which is the default of most losses only. */
    private static Function<long[], LossBuilder<?, ?>> mean(
            Function<long[], LossBuilder<?, ?>> options) {
        return dims -> {
            LossBuilder<?, ?> builder = options.apply(dims);
            builder.optReduction(Reduction.MEAN);
            return builder;
        };
    }

    private static Maker built(Function<long[], LossBuilder<?, ?>> options) {
        return (common, dims) -> {
            LossBuilder<?, ?> builder = options.apply(dims);
            common.accept(builder);
            return Declaration.build(builder);
        };
    }

    private Loss made(Consumer<LossBuilder<?, ?>> common, long... dims) {
        return kind == Kind.PENALTY
                ? new Penalty(block -> declaration.make(block, common))
                : declaration.make(Lesson.heads(1), common);
    }
}
