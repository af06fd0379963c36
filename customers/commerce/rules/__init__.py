"""Pure rules of commerce: conversion of currencies, the states and movements of subscriptions."""
